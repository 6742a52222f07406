from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from directory.chain import (
    GENESIS,
    EventContent,
    EventValues,
    chain_hash_for,
    commitment_for,
    content_hash_for,
    links_after,
    parse_values,
    render_values,
)
from directory.model import JsonValue
from directory.plan import AttributeChange

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
changes = st.builds(AttributeChange, name=texts, old=json_values, new=json_values)
values = st.builds(EventValues, actor=texts, subject=texts, changes=st.lists(changes, max_size=4).map(tuple))
uuids = st.uuids()
contents = st.builds(
    EventContent,
    tenant_id=uuids,
    event_id=uuids,
    at=st.datetimes(timezones=st.just(UTC)),
    actor_kind=texts,
    actor_id=st.none() | uuids,
    action=texts,
    subject_kind=texts,
    subject_id=uuids,
    request_id=st.none() | uuids,
    commitment=texts,
    joined=st.lists(uuids, max_size=4, unique=True).map(tuple),
    left=st.lists(uuids, max_size=4, unique=True).map(tuple),
)
SOME = EventContent(
    tenant_id=UUID(int=1),
    event_id=UUID(int=2),
    at=datetime(2026, 11, 22, 10, 0, 0, 5, UTC),
    actor_kind="source",
    actor_id=None,
    action="user:created",
    subject_kind="user",
    subject_id=UUID(int=3),
    request_id=None,
    commitment="c" * 64,
    joined=(UUID(int=4), UUID(int=5)),
)


@given(values)
def test_values_come_back_as_they_were_stored(told: EventValues) -> None:
    assert parse_values(render_values(told)) == told


@given(contents, contents)
def test_two_contents_have_one_hash_only_if_they_are_the_same(one: EventContent, other: EventContent) -> None:
    same = replace(one, joined=(), left=()) == replace(other, joined=(), left=()) and (
        set(one.joined) == set(other.joined) and set(one.left) == set(other.left)
    )
    assert (content_hash_for(one) == content_hash_for(other)) == same


@given(contents, st.sampled_from([field.name for field in fields(EventContent)]), contents)
def test_a_change_of_any_field_changes_the_hash(content: EventContent, name: str, other: EventContent) -> None:
    changed = replace(content, **{name: getattr(other, name)})
    alike = getattr(content, name) == getattr(other, name) or (
        name in {"joined", "left"} and set(getattr(content, name)) == set(getattr(other, name))
    )
    assert (content_hash_for(changed) == content_hash_for(content)) == alike


def test_the_hash_of_a_content_stays_what_it_is() -> None:
    assert content_hash_for(SOME) == "09815a31428da90e774907340921b8288edc19497dd53613a9e34127e67771ca"


def test_the_order_of_users_does_not_matter_but_the_side_does() -> None:
    assert content_hash_for(replace(SOME, joined=SOME.joined[::-1])) == content_hash_for(SOME)
    assert content_hash_for(replace(SOME, joined=SOME.joined[:1], left=SOME.joined[1:])) != content_hash_for(SOME)
    assert content_hash_for(replace(SOME, joined=(), left=SOME.joined)) != content_hash_for(SOME)


def test_one_moment_has_one_hash_in_every_time_zone() -> None:
    east = SOME.at.astimezone(timezone(timedelta(hours=9)))
    assert content_hash_for(replace(SOME, at=east)) == content_hash_for(SOME)


def test_nothing_is_not_the_same_as_empty() -> None:
    assert content_hash_for(replace(SOME, action="")) != content_hash_for(SOME)
    assert commitment_for("", "ab") != commitment_for("a", "b") != commitment_for("ab", "")


@given(st.integers(1, 2**40), st.integers(1, 2**40), texts, texts)
def test_a_link_depends_on_the_one_before_its_place_and_its_content(
    seq: int, other_seq: int, content: str, other_content: str
) -> None:
    link = chain_hash_for(GENESIS, seq, content)
    assert (chain_hash_for(GENESIS, other_seq, content) == link) == (seq == other_seq)
    assert (chain_hash_for(GENESIS, seq, other_content) == link) == (content == other_content)
    assert chain_hash_for(link, seq, content) != link


@given(st.lists(st.tuples(st.uuids(), st.text(max_size=5)), max_size=6))
def test_every_link_holds_all_before_it(found: list[tuple[UUID, str]]) -> None:
    links = links_after(0, GENESIS, found)
    assert [link.seq for link in links] == list(range(1, len(found) + 1))
    assert [link.event_id for link in links] == [event_id for event_id, _ in found]
    previous = GENESIS
    for link, (_, content_hash) in zip(links, found, strict=True):
        previous = chain_hash_for(previous, link.seq, content_hash)
        assert link.chain_hash == previous
