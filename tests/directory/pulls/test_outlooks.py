"""What is done about one person, from what was said and who is here: pure, and settled after one time."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from directory.model import JsonValue, SourceId, UserAttributes, UserId
from directory.pulls.name_order import order_by_names
from directory.pulls.outlooks import Known, Outlook, SeenUser, edit_for, outlook_for

OURS, THEIRS = SourceId(UUID(int=1)), SourceId(UUID(int=2))

said = st.fixed_dictionaries(
    {"userName": st.sampled_from(["ann", "Ann", "bob"])},
    optional={"active": st.booleans() | st.none(), "title": st.sampled_from(["", "Boss"]), "name.givenName": st.text()},
)
documents = st.fixed_dictionaries(
    {"userName": st.sampled_from(["ann", "bob"]), "externalId": st.just("x"), "active": st.booleans()},
    optional={"title": st.just("Boss")},
)
knowns = st.builds(
    lambda document, owner, active, deleted, gone: Known(
        user_id=UserId(UUID(int=9)),
        source_id=owner,
        attributes=UserAttributes(document),
        label="Ann",
        active=active or bool(document["active"]),
        deleted=deleted,
        reported_deleted=gone,
    ),
    documents,
    st.sampled_from([OURS, OURS, THEIRS, None]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
people = st.builds(
    SeenUser,
    ext_id=st.just("x"),
    op=st.sampled_from(["upsert", "upsert", "out_of_scope", "soft_deleted", "purged"]),
    said=said,
    in_scope=st.booleans(),
    left_out=st.booleans(),
    gone=st.booleans(),
    known=st.none() | knowns,
)


@given(people)
def test_somebody_of_another_source_is_never_changed(seen: SeenUser) -> None:
    outlook = outlook_for(seen, source_id=OURS)
    if seen.known is not None and (seen.known.source_id != OURS or seen.known.deleted):
        assert outlook.deed in {"nothing", "create"}


@given(people)
def test_whoever_has_left_gains_nothing_and_whoever_loses_access_is_counted(seen: SeenUser) -> None:
    outlook = outlook_for(seen, source_id=OURS)
    if seen.gone or seen.op != "upsert" or not seen.in_scope:
        assert outlook.action in {None, "user:change", "user:disable", "user:delete"}
        assert outlook.attributes is None or not outlook.attributes.active
    known = seen.known
    loses = known is not None and known.active and (outlook.action == "user:delete" or known.attributes.active)
    assert outlook.toll.users == int(loses and outlook.action in {"user:disable", "user:delete"})


@given(people)
def test_an_edit_that_was_made_comes_to_nothing_the_next_time(seen: SeenUser) -> None:
    outlook = outlook_for(seen, source_id=OURS)
    if outlook.deed != "edit" or seen.known is None:
        return
    after = edit_for(seen, outlook)(seen.known.attributes)

    assert after == outlook.attributes
    again = replace(seen, left_out=outlook.left_out, known=replace(seen.known, attributes=after, active=after.active))
    assert outlook_for(again, source_id=OURS).deed == "nothing"


def test_a_status_that_nobody_speaks_of_stays_and_comes_back_with_the_scope() -> None:
    document: dict[str, JsonValue] = {"userName": "ann", "externalId": "x", "active": False}
    known = Known(
        user_id=UserId(UUID(int=9)),
        source_id=OURS,
        attributes=UserAttributes(document),
        label="Ann",
        active=False,
        deleted=False,
        reported_deleted=False,
    )
    seen = SeenUser(ext_id="x", op="upsert", said={"userName": "ann"}, known=known)

    assert outlook_for(seen, source_id=OURS) == Outlook(ext_id="x", deed="nothing", subject_id=known.user_id)
    assert outlook_for(replace(seen, left_out=True), source_id=OURS).action == "user:enable"


names = st.integers(0, 12).map(str)


@given(st.dictionaries(names, names, max_size=12), st.permutations([str(at) for at in range(13)]))
def test_whoever_leaves_a_name_goes_before_whoever_takes_it(waits_for: dict[str, str], everybody: list[str]) -> None:
    waits_for = {one: other for one, other in waits_for.items() if one != other}

    order, circles = order_by_names(waits_for, everybody)

    together = [one for circle in circles for one in circle]
    assert sorted([*order, *together]) == sorted(everybody)
    place = {one: at for at, one in enumerate([*together, *order])}
    for one, other in waits_for.items():
        assert place[other] < place[one] or (one in together and other in together)
    for circle in circles:
        assert [waits_for[one] for one in circle] == [*circle[1:], circle[0]]
