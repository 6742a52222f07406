"""Reports: who and what is on them, page by page, of one tenant."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from directory import equipment_keys, events, locks, managers, mappings, reports, secret_keys, users
from directory.errors import InvalidError, NotFoundError
from directory.ids import time_of_id
from directory.model import JsonValue, User, UserAttributes
from directory.report_shapes import Asked, Cell, Report, ReportRow, Subject, Summary, option_words
from directory.reports import REPORTS, asked_for, each_row, get_report
from directory.store import role_changes
from directory.store.compiled import Statement
from directory.store.unit import execute
from tests.directory.lending import disable, lend, make_item
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ERASE = Statement("DELETE FROM event_value_row WHERE tenant_id = $1::uuid")
UNLINK = Statement("DELETE FROM user_link_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid")


def ask(world: World, key: str, /, **options: str) -> tuple[Report, Asked]:
    report = get_report(key)
    return report, asked_for(report, world.tenant.tenant_id, options, now=world.now)


async def rows_of(world: World, key: str, /, **options: str) -> list[ReportRow]:
    return [row async for row in each_row(*ask(world, key, **options))]


async def paged(world: World, key: str, limit: int, /, **options: str) -> list[ReportRow]:
    """Return all rows, read in pages of ``limit``."""
    report, asked = ask(world, key, **options)
    found: list[ReportRow] = []
    after: str | None = None
    while True:
        page = await report.read_page(asked, after, limit)
        assert len(page.rows) <= limit
        found += page.rows
        if (after := page.next_after) is None:
            return found


async def summary_of(world: World, key: str, /, **options: str) -> Summary:
    report, asked = ask(world, key, **options)
    return await report.summarise(asked)


def name(cell: Cell) -> str:
    assert isinstance(cell, Subject)
    return cell.name


def figures(summary: Summary) -> Mapping[str, int | str]:
    return {figure.label: figure.value for figure in summary.figures}


async def lock(world: World, user: User, role: str) -> None:
    await locks.lock_role(
        user.user_id, world.roles[role].role_id, reason="Project", until=None, by=world.system, now=world.tick()
    )


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.key)
async def test_every_report_of_an_empty_tenant_is_read_and_summed_up(world: World, report: Report) -> None:
    first = {option.name: option.choices[0][0] for option in report.options if option.choices}

    for option in report.options:
        for value, _ in option.choices:
            assert await rows_of(world, report.key, **{**first, option.name: value}) == []
    assert all(value == 0 for value in figures(await summary_of(world, report.key)).values())


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.key)
async def test_no_report_takes_a_place_or_a_choice_that_it_did_not_give(world: World, report: Report) -> None:
    _, asked = ask(world, report.key)

    with pytest.raises(InvalidError):
        await report.read_page(asked, "elsewhere", 10)
    for option in report.options:
        with pytest.raises(InvalidError):
            await report.read_page(ask(world, report.key, **{option.name: "0; DROP TABLE user_row"})[1], None, 10)
    with pytest.raises(NotFoundError):
        get_report("everything")


async def test_disabled_people_with_equipment_are_listed_with_what_it_is_worth(world: World) -> None:
    ann, ben = await world.push_user("ann", displayName="Ann"), await world.push_user("ben")
    for tag, who in (("A", ann), ("B", ann), ("C", ben)):
        await lend(world, await make_item(world, tag), who)
    await disable(world, ann)
    world.now += 3 * DAY

    ((person, status, _, days, _, items, *_),) = await rows_of(world, "disabled-with-equipment")

    assert (name(person), status, days) == ("Ann", "Disabled", 3)
    assert "(A)" in str(items)
    assert "(B)" in str(items)
    told = figures(await summary_of(world, "disabled-with-equipment"))
    assert (told["people"], told["items"]) == (1, 2)


async def test_what_the_guard_holds_is_listed_until_somebody_decides(world: World) -> None:
    people = [await world.push_user(f"p{number}") for number in range(13)]
    for user in people:
        await disable(world, user)

    found = await paged(world, "held-changes", 2)

    assert [(name(row[0]), row[1]) for row in found] == [
        ("p12@example.org", "Disabled"),
        ("p11@example.org", "Disabled"),
        ("p10@example.org", "Disabled"),
    ]
    assert figures(await summary_of(world, "held-changes")) == {"held changes": 3}


async def test_people_in_no_feed_and_people_it_is_silent_about_are_told_apart(world: World) -> None:
    await locks.create_local_user("zoe", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick())
    silent, unlinked = await world.push_user("old"), await world.push_user("bare")
    await execute(UNLINK, world.tenant.tenant_id, unlinked.user_id)
    world.now += 100 * DAY
    await world.push_user("new")
    await users.edit_user(unlinked.user_id, touched, by=world.client, now=world.tick())

    found = {name(row[0]).partition("@")[0]: row[5] for row in await rows_of(world, "never-seen")}

    assert found == {
        "zoe": "Local: in no feed",
        "old": "Its source changed nothing",
        "bare": "Known by no external id",
    }
    assert [name(row[0]) for row in await rows_of(world, "never-seen", kind="silent")] == [silent.attributes.user_name]
    assert await rows_of(world, "never-seen", kind="silent", days="365") == []
    assert [len(await rows_of(world, "never-seen", kind=kind)) for kind in ("local", "unlinked")] == [1, 1]
    assert list((await summary_of(world, "never-seen")).compared) == [
        ("Local users", 1),
        ("Source says nothing", 1),
    ]


def touched(attributes: UserAttributes) -> UserAttributes:
    return UserAttributes({**attributes.document, "title": "Engineer"})


async def test_administrators_are_told_with_what_made_them(world: World) -> None:
    ann, ben = await world.push_user("ann"), await world.push_user("ben")
    await world.map_group(await world.push_group("Admins", ["ext-ann"]), "administrator")
    await lock(world, ben, "administrator")
    await world.push_user("eve")

    found = await rows_of(world, "administrators")

    assert [(name(row[0]), row[3]) for row in found] == [
        (ann.attributes.user_name, "Mapping of Admins"),
        (ben.attributes.user_name, "Locked by command line: Project"),
    ]
    told = await summary_of(world, "administrators")
    assert dict(told.compared) == {"Group mapping, provisioned": 1, "Role lock, provisioned": 1}


async def test_pages_of_administrators_go_on_from_one_role_to_the_next(world: World) -> None:
    for number in range(5):
        await lock(world, await world.push_user(f"p{number}"), "administrator")

    assert [name(row[0]) for row in await paged(world, "administrators", 2)] == [
        f"p{number}@example.org" for number in range(5)
    ]


async def test_role_changes_say_from_what_to_what_and_by_what(world: World) -> None:
    await world.push_user("ann", displayName="Ann")
    group = await world.push_group("Staff", ["ext-ann"])
    await world.map_group(group, "editor")
    await mappings.redecide(world.tenant.tenant_id, now=world.tick(), batches=5)

    ((when, person, before, after, rule, *_),) = await rows_of(world, "role-changes")

    assert (name(person), before, after, rule) == ("Ann", "Loanee", "Editor", "Mapping of Staff")
    assert when is not None
    first = await rows_of(world, "role-changes", kind="first")
    assert [(row[2], row[3], row[4]) for row in first] == [("New user", "Loanee", "Default Access Role")]
    assert len(await rows_of(world, "role-changes", kind="all")) == 2
    (move,) = (await summary_of(world, "role-changes")).moves
    assert (move.before, move.after, move.count, move.privileged) == ("Loanee", "Editor", 1, False)


async def test_role_changes_of_another_period_are_left_out(world: World) -> None:
    await world.push_user("ann")
    (event, *_) = await events.list_events(world.tenant.tenant_id, limit=1)
    world.now = time_of_id(event.event_id) + 10 * DAY

    assert await rows_of(world, "role-changes", kind="all") == []
    assert len(await rows_of(world, "role-changes", kind="all", period="31")) == 1


async def test_a_long_search_for_role_changes_goes_on_where_it_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(role_changes, "SCANNED_MAX", 3)
    ann = await world.push_user("ann")
    await lock(world, ann, "editor")
    for number in range(10):
        await world.push_user(f"p{number}")

    assert [row[3] for row in await paged(world, "role-changes", 2)] == ["Editor"]
    assert len(await paged(world, "role-changes", 2, kind="first")) == 11


async def test_role_changes_whose_values_were_erased_still_count_as_changes(world: World) -> None:
    await world.push_user("ann")
    await execute(ERASE, world.tenant.tenant_id)

    ((_, person, before, *_),) = await rows_of(world, "role-changes")

    assert (name(person), before) == ("[erased]", "[erased]")


async def test_locks_are_on_the_report_when_they_are_due(world: World) -> None:
    ann = await world.push_user("ann")
    await lock(world, ann, "editor")
    assert await rows_of(world, "locks-due") == []
    world.now += 91 * DAY

    ((person, _, locked_as, would_be, *_),) = await rows_of(world, "locks-due")

    assert (name(person), locked_as, would_be) == ("ann@example.org", "Editor", "Loanee")
    assert figures(await summary_of(world, "locks-due")) == {"locks due for review": 1}


async def test_members_and_managers_that_have_not_arrived_are_listed(world: World) -> None:
    await world.push_group("Staff", ["ext-ann", "ext-ben"])
    extension: dict[str, JsonValue] = {ENTERPRISE: {"manager": {"value": "boss"}}}
    await world.push_user("eve", **extension)
    await settle(world)

    members = await paged(world, "waiting-references", 1)
    (manager,) = await rows_of(world, "waiting-references", kind="managers")

    assert [(name(row[0]), row[1], row[2]) for row in members] == [
        ("Staff", "Member", "ext-ann"),
        ("Staff", "Member", "ext-ben"),
    ]
    assert (manager[0], manager[2]) == ("1 person", "boss")
    assert figures(await summary_of(world, "waiting-references")) == {"members": 2, "managers": 1}


async def settle(world: World) -> None:
    """Let the duties run that say who is waited for."""
    await events.seal_events(now=world.tick(), limit=500)
    while await managers.settle_references(now=world.tick()):
        pass


async def test_secrets_are_listed_by_when_they_end_and_never_shown(world: World) -> None:
    issued = await secret_keys.issue_secret(world.source.source_id, label="First", by=world.system, now=world.now)

    (row,) = await rows_of(world, "secrets")
    assert row[1:4] == ("First", f"…{issued.secret.last_four}", "Valid")
    assert issued.token not in repr(row)
    assert await rows_of(world, "secrets", which="ending") == []

    world.now = issued.secret.expires_at - 10 * DAY
    assert len(await rows_of(world, "secrets", which="ending")) == 1
    world.now = issued.secret.expires_at + DAY
    assert [row[3] for row in await rows_of(world, "secrets", which="all")] == ["Expired"]
    assert await rows_of(world, "secrets") == []


async def test_keys_of_asset_systems_are_listed_among_the_secrets(world: World) -> None:
    key = await equipment_keys.create_key("Snipe", lifetime=20 * DAY, by=world.system, now=world.tick())
    await secret_keys.issue_secret(world.source.source_id, label="Last", by=world.system, now=world.tick())

    rows = await rows_of(world, "secrets")

    assert [row[1] for row in rows] == ["Snipe", "Last"]
    assert rows[0][0] == "Equipment API"
    assert rows[0][2] == f"…{key.key.last_four}"
    assert [row[1] for row in await rows_of(world, "secrets", which="ending")] == ["Snipe"]
    assert figures(await summary_of(world, "secrets")) == {"valid secrets": 2, "end within 30 days": 1}


async def test_reports_are_of_one_tenant(world: World) -> None:
    other = await create_world("bristol")
    ann = await other.push_user("ann")
    await other.push_group("Staff", ["ext-nobody"])
    await lend(other, await make_item(other, "A"), ann)
    await disable(other, ann)
    await secret_keys.issue_secret(other.source.source_id, label="First", by=other.system, now=other.now)
    world.now = other.now

    assert [await rows_of(world, report.key) for report in REPORTS] == [[] for _ in REPORTS]
    told = [figures(await summary_of(world, report.key)) for report in REPORTS]
    assert [value for one in told for value in one.values() if value] == []


def test_what_a_report_is_narrowed_to_reads_as_words() -> None:
    report = get_report("never-seen")

    assert option_words(report, {"kind": "local", "days": "30"}) == "Local users · For 30 days"
    assert reports.find_report("everything") is None
