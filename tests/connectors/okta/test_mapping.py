from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from connectors.attribute_rules import Direct, Mapper, Worked
from connectors.errors import SourceError
from connectors.okta.mapping import DEFAULT_RULES, group_record, user_record
from connectors.records import Record, Reject

MAPPER = Mapper(DEFAULT_RULES)


def test_rules_see_the_profile_and_the_status_beside_it() -> None:
    rules = Mapper((Direct("userName", "login"), Worked("nickName", 'status + " " + costCenter')))
    found = {"id": "00u1", "status": "RECOVERY", "profile": {"login": "ada@example.org", "costCenter": "C1"}}
    made = user_record(found, rules, staged=False)

    assert isinstance(made, Record)
    assert made.values == {"userName": "ada@example.org", "nickName": "RECOVERY C1"}
    assert made.raw["active"] is True


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["ACTIVE", "STAGED"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["login", "name", "email"]), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["id", "status", "profile", "type"]), JSON))
def test_whatever_okta_shows_is_a_record_a_reject_or_an_error_in_words(found: dict[str, object]) -> None:
    for make in (partial(user_record, found, MAPPER, staged=False), partial(group_record, found)):
        try:
            made = make()
        except SourceError as error:
            assert "without an id" in error.words  # noqa: PT017 either way is right
        else:
            assert isinstance(made, Record | Reject)
