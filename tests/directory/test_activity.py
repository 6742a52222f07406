"""Changes and requests, searched: what a filter finds, how pages follow, and what stands around one entry."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from directory import activity, events, locks, traffic, users
from directory.activity import ChangeFilter, RequestFilter
from directory.errors import NotFoundError
from directory.events import EventView
from directory.ids import new_id, time_of_id
from directory.model import EventId, RequestDraft, RequestId, User, UserAttributes
from directory.references import reference_for
from directory.store import activity as searches
from directory.store.compiled import Statement
from directory.store.unit import Engine, execute
from directory.traffic import RequestView
from tests.directory.test_events import unguarded
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio
EVERYTHING = ChangeFilter()


def draft_of(world: World, **given: object) -> RequestDraft:
    at = world.tick()
    request_id = RequestId(new_id(at))
    draft = RequestDraft(
        request_id=request_id,
        tenant_id=world.tenant.tenant_id,
        source_id=world.source.source_id,
        secret_id=None,
        reference=reference_for(request_id),
        method="GET",
        path="/scim/v2/Users",
        started_at=at,
        elapsed_us=lambda: 900,
    )
    for name, value in given.items():
        setattr(draft, name, value)
    return draft


async def recorded(world: World, **given: object) -> RequestDraft:
    draft = draft_of(world, **given)
    traffic.note_request(draft)
    await traffic.flush(now=world.tick())
    return draft


async def changes(world: World, wanted: ChangeFilter = EVERYTHING, limit: int = 50) -> list[EventView]:
    return (await activity.list_changes(world.tenant.tenant_id, wanted, before=None, limit=limit)).entries


async def requests(world: World, **wanted: object) -> list[RequestView]:
    asked = RequestFilter(**wanted)  # type: ignore[arg-type]  # fields by name
    return (await activity.list_requests(world.tenant.tenant_id, asked, before=None, limit=50)).entries


def told(found: list[EventView]) -> list[tuple[str, str]]:
    return [(one.action, one.subject_label) for one in found]


async def rename(world: World, user: User, name: str, draft: RequestDraft | None = None) -> None:
    renamed = UserAttributes({**user.attributes.document, "displayName": name})
    await users.edit_user(user.user_id, lambda _: renamed, by=replace(world.client, request=draft), now=world.tick())


async def test_changes_come_newest_first_and_every_page_follows_the_one_before(world: World) -> None:
    for number in range(7):
        await world.push_user(f"p{number}")
    every = await changes(world)
    found: list[EventView] = []
    before: UUID | None = None
    while True:
        page = await activity.list_changes(world.tenant.tenant_id, EVERYTHING, before=before, limit=4)
        found += page.entries
        before = page.next_before
        if before is None:
            break

    assert [one.event_id for one in found] == [one.event_id for one in every]
    assert [one.event_id for one in found] == sorted((one.event_id for one in found), reverse=True)


async def test_changes_are_found_by_actor(world: World) -> None:
    user = await world.push_user("ann")
    await locks.lock_role(
        user.user_id, world.roles["editor"].role_id, reason="x", until=None, by=world.system, now=world.tick()
    )

    by_source = await changes(world, ChangeFilter(actor_id=world.source.source_id))
    by_people = await changes(world, ChangeFilter(by="people"))
    by_sources = await changes(world, ChangeFilter(by="sources"))

    assert {one.actor_kind for one in by_source} == {"source"}
    assert ("user:role:locked", "ann@example.org") in told(by_people)
    assert "source" not in {one.actor_kind for one in by_people}
    assert told(by_sources) == told(by_source)


async def test_changes_are_found_by_action_and_by_the_beginning_of_one(world: World) -> None:
    await world.push_user("ann")
    await world.map_group(await world.push_group("Staff", ["ext-ann"]), "viewer")

    mapped = await changes(world, ChangeFilter(action="mapping:"))
    granted = await changes(world, ChangeFilter(action="user:role:granted"))
    roles = await changes(world, ChangeFilter(action="user:role:"))

    assert told(mapped) == [("mapping:added", "Staff")]
    assert [one.action for one in granted] == ["user:role:granted"] * 2
    assert told(roles) == told(granted)


async def test_changes_are_found_by_whom_they_are_about_or_moved(world: World) -> None:
    ann = await world.push_user("ann", displayName="Ann Archer")
    await world.push_user("ben")
    await world.push_group("Staff", ["ext-ann"])

    found = await changes(world, ChangeFilter(subject_ids=(ann.user_id,)))

    assert [one.action for one in found] == ["group:members:changed", "user:role:granted", "user:created"]
    assert await changes(world, ChangeFilter(subject_ids=())) == []


@pytest.mark.parametrize("name", ["ann@example.org", "ANN ARCHER", "a.archer@example.org"])
async def test_people_are_found_by_any_of_their_names(world: World, name: str) -> None:
    ann = await world.push_user("ann", displayName="Ann Archer", emails=[{"value": "a.archer@example.org"}])

    assert await activity.find_subjects(world.tenant.tenant_id, name) == (ann.user_id,)


async def test_names_that_lead_nowhere_find_nobody(world: World) -> None:
    other = await create_world("other")
    await other.push_user("zoe")
    group = await world.push_group("Staff")

    assert await activity.find_subjects(world.tenant.tenant_id, "zoe@example.org") == ()
    assert await activity.find_subjects(world.tenant.tenant_id, "") == ()
    assert await activity.find_subjects(world.tenant.tenant_id, "x" * 400) == ()
    assert await activity.find_subjects(world.tenant.tenant_id, "staff") == (group.group_id,)
    assert await activity.find_subjects(world.tenant.tenant_id, str(group.group_id)) == (group.group_id,)


async def test_changes_are_found_in_a_time(world: World) -> None:
    first = await world.push_user("ann")
    (created,) = await changes(world, ChangeFilter(subject_ids=(first.user_id,), action="user:created"))
    at = time_of_id(created.event_id)

    since = await changes(world, ChangeFilter(since=at))
    until = await changes(world, ChangeFilter(until=at))

    assert created.event_id in {one.event_id for one in since}
    assert created.event_id not in {one.event_id for one in until}
    assert len(since) + len(until) == len(await changes(world))


@pytest.mark.parametrize("text", ["sales", "SALES & service", "Ann"])
async def test_changes_are_found_by_text_in_names_and_values(world: World, text: str) -> None:
    await world.push_user("ann", displayName="Ann", title="Sales & Service")
    await world.push_user("ben", displayName="Ben")

    found = await changes(world, ChangeFilter(text=text, action="user:created"))

    assert told(found) == [("user:created", "Ann")]


async def test_a_search_row_by_row_says_how_far_it_got_and_goes_on_from_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "TEXTS_SCANNED_MAX", 4)
    await world.push_user("ann", displayName="Needle")
    for number in range(6):
        await world.push_user(f"p{number}")
    tenant_id, wanted = world.tenant.tenant_id, ChangeFilter(text="needle", action="user:created")

    page = await activity.list_changes(tenant_id, wanted, before=None, limit=50)
    nothing_first, pages = page.entries, 1
    while page.next_before is not None and not page.entries:
        assert page.searched_to is not None
        page, pages = await activity.list_changes(tenant_id, wanted, before=page.next_before, limit=50), pages + 1

    assert nothing_first == []
    assert told(page.entries) == [("user:created", "Needle")]
    assert pages == 3


async def test_every_entry_is_exported_once_also_beyond_what_one_page_looks_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "TEXTS_SCANNED_MAX", 3)
    monkeypatch.setattr(activity, "EXPORTED_AT_ONCE", 2)
    for number in range(5):
        await world.push_user(f"p{number}")
    tenant_id = world.tenant.tenant_id

    found = [one async for one in activity.each_change(tenant_id, ChangeFilter(text="example.org", by="sources"))]

    assert sorted(one.subject_label for one in found if one.action == "user:created") == [
        f"p{number}@example.org" for number in range(5)
    ]


async def test_requests_are_found_by_every_field(world: World) -> None:
    ann = await world.push_user("ann")
    good = await recorded(world, method="GET", path="/scim/v2/Groups")
    asked = await recorded(world, method="GET", path=f"/scim/v2/Users/{ann.user_id}", status=404)
    bad = await recorded(
        world, method="POST", status=409, scim_type="uniqueness", detail="Taken.", request_body='{"a":1}'
    )
    elsewhere = await recorded(world, source_id=None, status=401)

    def ids(found: list[RequestView]) -> list[RequestId]:
        return [one.request_id for one in found]

    assert ids(await requests(world)) == [one.request_id for one in (elsewhere, bad, asked, good)]
    assert ids(await requests(world, result="failed")) == [elsewhere.request_id, bad.request_id]
    assert ids(await requests(world, result="ok")) == [asked.request_id, good.request_id]
    assert ids(await requests(world, status=409)) == [bad.request_id]
    assert ids(await requests(world, status=200)) == [good.request_id]
    assert ids(await requests(world, method="POST")) == [bad.request_id]
    assert ids(await requests(world, source_id=world.source.source_id, result="failed")) == [bad.request_id]
    assert ids(await requests(world, reference=bad.reference)) == [bad.request_id]
    assert ids(await requests(world, reference=bad.reference, source_id=uuid4())) == []
    assert ids(await requests(world, reference=bad.reference, result="failed")) == [bad.request_id]
    assert ids(await requests(world, reference=good.reference, result="failed")) == []
    assert ids(await requests(world, reference=asked.reference, result="failed")) == []
    assert ids(await requests(world, text='"A":1')) == [bad.request_id]
    assert ids(await requests(world, text="taken.")) == [bad.request_id]
    assert ids(await requests(world, subject_ids=(ann.user_id,))) == [asked.request_id]
    assert ids(await requests(world, since=time_of_id(elsewhere.request_id) + timedelta(seconds=1))) == []


async def test_requests_of_a_person_include_those_that_changed_them_without_naming_them(world: World) -> None:
    ann = await world.push_user("ann")
    draft = draft_of(world, method="PUT", path="/scim/v2/Bulk")
    await rename(world, ann, "Ann Archer", draft)

    assert [one.request_id for one in await requests(world, subject_ids=(ann.user_id,))] == [draft.request_id]


async def test_a_list_of_requests_carries_no_bodies(world: World) -> None:
    await recorded(world, request_body="{}")

    (found,) = await requests(world)

    assert found.request_body is None


async def test_a_change_comes_with_its_siblings_and_whom_it_moved(world: World) -> None:
    await world.push_user("ann", displayName="Ann")
    gone = await world.push_user("ben")
    draft = draft_of(world, method="POST")
    by = world.client
    group = await world.push_group("Staff", ["ext-ann", "ext-ben"])
    await users.delete_user(gone.user_id, by=by, now=world.tick())
    cara = UserAttributes({"userName": "cara", "active": True})
    await users.create_user(cara, by=replace(by, request=draft), now=world.tick(), revive_inactive=False)
    tenant_id = world.tenant.tenant_id
    about_group = await changes(world, ChangeFilter(subject_ids=(group.group_id,), action="group:members:changed"))
    (created,) = await changes(world, ChangeFilter(action="user:created", text="cara"))

    moved_event = about_group[-1].event_id
    moved, after = await activity.list_moved(tenant_id, moved_event, after=None, limit=1)
    rest, end = await activity.list_moved(tenant_id, moved_event, after=after, limit=1)
    detail = await activity.get_change(tenant_id, created.event_id)

    assert [one.name for one in (*moved, *rest)] == ["Ann", None]
    assert end is None
    assert tuple((await activity.get_change(tenant_id, moved_event)).moved) == (2, 0)
    assert [one.action for one in detail.siblings] == ["user:role:granted"]


async def test_a_seal_is_computed_anew_when_a_change_is_looked_at(world: World) -> None:
    await world.push_user("ann")
    tenant_id = world.tenant.tenant_id
    newest = (await changes(world))[0]
    before = (await activity.get_change(tenant_id, newest.event_id)).seal
    await events.seal_events(now=world.tick(), limit=100)
    after = [(await activity.get_change(tenant_id, one.event_id)).seal for one in await changes(world)]

    assert before == "open"
    assert set(after) == {"fits"}
    assert (await activity.get_chain_state(tenant_id)).length == len(after)


async def test_values_that_somebody_altered_do_not_fit_their_seal(world: World, store: Engine, owner_url: str) -> None:
    await world.push_user("ann")
    await events.seal_events(now=world.tick(), limit=100)
    newest = (await changes(world))[0]
    async with unguarded(store, owner_url):
        await execute(
            Statement("UPDATE event_value_row SET salt = 'x' WHERE event_id = $1::uuid", house=True), newest.event_id
        )

    assert (await activity.get_change(world.tenant.tenant_id, newest.event_id)).seal == "broken"


async def test_a_change_that_somebody_took_out_leaves_a_hole(world: World, store: Engine, owner_url: str) -> None:
    for name in ("ann", "ben", "cara"):
        await world.push_user(name)
    await events.seal_events(now=world.tick(), limit=100)
    tenant_id = world.tenant.tenant_id
    whole = await activity.count_missing_links(tenant_id, await changes(world))
    middle = (await changes(world))[2]
    async with unguarded(store, owner_url):
        await execute(Statement("DELETE FROM event_value_row WHERE event_id = $1::uuid", house=True), middle.event_id)
        await execute(Statement("DELETE FROM event_row WHERE id = $1::uuid", house=True), middle.event_id)

    assert whole == 0
    assert await activity.count_missing_links(tenant_id, await changes(world)) == 1
    assert await activity.count_missing_links(tenant_id, []) == 0


async def test_nothing_of_another_tenant_is_found(world: World) -> None:
    other = await create_world("other")
    zoe = await other.push_user("zoe")
    theirs = (await changes(other))[0]

    assert await changes(world, ChangeFilter(subject_ids=(zoe.user_id,))) == []
    with pytest.raises(NotFoundError):
        await activity.get_change(world.tenant.tenant_id, theirs.event_id)
    with pytest.raises(NotFoundError):
        await activity.get_change(world.tenant.tenant_id, EventId(uuid4()))


async def test_a_mark_changes_with_every_entry_and_with_nothing_else(world: World) -> None:
    tenant_id = world.tenant.tenant_id
    before = await activity.newest_mark(tenant_id, "changes")
    again = await activity.newest_mark(tenant_id, "changes")
    other = await create_world("other")
    await other.push_user("zoe")
    untouched = await activity.newest_mark(tenant_id, "changes")
    await world.push_user("ann")

    assert before == again == untouched != await activity.newest_mark(tenant_id, "changes")
