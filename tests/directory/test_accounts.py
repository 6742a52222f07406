"""The list of users: every filter, order and page finds exactly whom a simple model of the same people finds."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory import accounts, locks, users
from directory.accounts import AccountCount, AccountFilter, AccountOrder, Sort
from directory.errors import InvalidError
from directory.model import GroupId, JsonValue, TenantId, UserAttributes, UserId
from directory.names import WORD_MARKS, words_in
from directory.store import accounts as rows
from directory.store.migrations import m0007_accounts
from tests.directory.world import World

pytestmark = pytest.mark.anyio

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
NAMES = ("ann", "Ann-Marie Archer", "BEN", "Zo\u00eb O'Hara", "\u5c71\u7530\u592a\u90ce", "ann", "x_y (z)")
DEPARTMENTS = ("Sales", "art", None)
SORTS: tuple[Sort, ...] = ("name", "user_name", "changed", "department", "role")


@dataclass(frozen=True)
class Known:
    """A user as the model knows it."""

    user_id: UserId
    name: str
    user_name: str
    department: str
    active: bool
    role: Any
    origin: str
    local: bool
    group: bool
    changed: datetime


def instead(attributes: UserAttributes, _: UserAttributes) -> UserAttributes:
    return attributes


async def people(world: World) -> tuple[list[Known], GroupId]:
    """Push people who differ in everything that a list can be narrowed by."""
    known = []
    for number, name in enumerate(NAMES * 2):
        department = DEPARTMENTS[number % 3]
        extension: dict[str, Any] = {ENTERPRISE: {"department": department}} if department else {}
        user = await world.push_user(f"p{number}", displayName=name, **extension)
        if number % 4 == 0:
            gone = UserAttributes({**user.attributes.document, "active": False})
            await users.edit_user(user.user_id, partial(instead, gone), by=world.client, now=world.tick())
        known.append(user.user_id)
    group = await world.push_group("Some", [f"ext-p{number}" for number in range(0, 14, 3)])
    await world.map_group(group, "editor")
    found = []
    for number, user_id in enumerate(known):
        user = await users.get_user(world.tenant.tenant_id, user_id)
        found.append(
            Known(
                user_id=user_id,
                name=user.promoted.display_name,
                user_name=user.attributes.user_name,
                department=user.promoted.department or "",
                active=user.active,
                role=user.decision.role_id,
                origin=user.decision.origin,
                local=user.source_id is None,
                group=number % 3 == 0,
                changed=user.modified_at,
            )
        )
    return found, group.group_id


def fits(one: Known, wanted: AccountFilter) -> bool:
    """Whether the model's user is wanted: the filter in plain words."""
    if wanted.text.strip() and not words_in(wanted.text):
        return False
    words = words_in(f"{one.name} {one.user_name}")
    begun = all(
        any(word.startswith(sought) if sought < "\u2e80" else sought in word for word in words)
        for sought in words_in(wanted.text)
    )
    return (
        begun
        and wanted.status in {None, "active" if one.active else "disabled"}
        and wanted.role_id in {None, one.role}
        and wanted.origin in {None, one.origin}
        and (not wanted.local or one.local)
        and (wanted.group_id is None or one.group)
        and (wanted.unseen_since is None or one.changed < wanted.unseen_since)
        and (wanted.user_ids is None or one.user_id in wanted.user_ids)
    )


def managed_by(value: str) -> dict[str, JsonValue]:
    """Return the extension that refers to a manager."""
    return {ENTERPRISE: {"manager": {"value": value}}}


async def all_pages(
    tenant_id: TenantId, wanted: AccountFilter, order: AccountOrder, limit: int = 3
) -> list[accounts.Account]:
    found: list[accounts.Account] = []
    after = None
    while True:
        page = await accounts.list_accounts(tenant_id, wanted, order=order, after=after, limit=limit)
        found += page.accounts
        if page.next_after is None:
            return found
        after = page.next_after


TEXTS = (
    "", " ", "ann", "ANN arch", "arch ann", "nn", "p1", "p1@example", "o'h",
    "zo\u00eb", "\u592a\u90ce", "%", "_", "'", "q",
)  # fmt: skip
few = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@dataclass(frozen=True)
class Crowd:
    """A tenant with people whom the test knows."""

    world: World
    known: list[Known]
    group_id: GroupId


@pytest.fixture
async def crowd(world: World) -> Crowd:
    known, group_id = await people(world)
    return Crowd(world, known, group_id)


@few
@given(data=st.data())
async def test_lists_find_whom_the_model_finds_in_its_order(crowd: Crowd, data: st.DataObject) -> None:
    known, tenant_id = crowd.known, crowd.world.tenant.tenant_id
    wanted = AccountFilter(
        text=data.draw(st.sampled_from(TEXTS)),
        status=data.draw(st.sampled_from([None, None, "active", "disabled"])),
        role_id=data.draw(st.sampled_from([None, None, known[0].role, known[1].role])),
        origin=data.draw(st.sampled_from([None, None, "mapping", "default", "lock"])),
        local=data.draw(st.sampled_from([False, False, True])),
        group_id=data.draw(st.sampled_from([None, None, crowd.group_id])),
        unseen_since=data.draw(st.sampled_from([None, None, known[5].changed])),
        user_ids=data.draw(st.sampled_from([None, None, tuple(one.user_id for one in known[:6])])),
    )
    order = AccountOrder(sort=data.draw(st.sampled_from(SORTS)), descending=data.draw(st.booleans()))
    expected = {one.user_id for one in known if fits(one, wanted)}

    found = await all_pages(tenant_id, wanted, order)
    count = await accounts.count_up_to(tenant_id, wanted)
    ids = await rows.ids_of_accounts(tenant_id, wanted, after=UserId(UUID(int=0)), limit=100)

    assert len(found) == len(expected) == count.found == len(ids)
    assert {one.user_id for one in found} == expected
    assert ids == sorted(expected)
    assert sorted(found, key=sort_key(order.sort, crowd.world), reverse=order.descending) == found


def sort_key(sort: Sort, world: World) -> Any:  # noqa: ANN401 - a function of any comparable value
    """Return the key that a list is sorted by, as the model sees it."""
    names = {role.role_id: role.name for role in world.roles.values()}
    keys = {
        "name": lambda one: (one.display_name.casefold(), one.user_id),
        "user_name": lambda one: (one.user_name.casefold(), one.user_id),
        "changed": lambda one: (one.modified_at, one.user_id),
        "department": lambda one: ((one.department or "").lower(), one.display_name.casefold(), one.user_id),
        "role": lambda one: (names[one.role_id].casefold(), one.display_name.casefold(), one.user_id),
    }
    return keys[sort]


@pytest.mark.parametrize("sort", SORTS)
async def test_a_walk_along_the_names_and_the_index_of_the_list_show_the_same(
    crowd: Crowd, sort: Sort, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id, active = crowd.world.tenant.tenant_id, AccountFilter(status="active")
    by_index = await all_pages(tenant_id, active, AccountOrder(sort=sort))
    monkeypatch.setattr(accounts, "COUNTED_MAX", 2)
    monkeypatch.setattr(rows, "LARGE_GROUP", 0)

    walked = await all_pages(tenant_id, active, AccountOrder(sort=sort))
    of_group = await all_pages(tenant_id, AccountFilter(group_id=crowd.group_id), AccountOrder(sort=sort))

    assert walked == by_index
    assert {one.user_id for one in of_group} == {one.user_id for one in crowd.known if one.group}


async def test_counting_ends_where_it_says(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "COUNTED_MAX", 3)

    some = await accounts.count_up_to(crowd.world.tenant.tenant_id, AccountFilter(status="active"))
    everybody = await accounts.count_up_to(crowd.world.tenant.tenant_id, AccountFilter())

    assert (some.found, some.more) == (3, True)
    assert (everybody.found, everybody.more) == (len(crowd.known), False)


async def test_everybody_counts_local_people_and_no_deleted_ones(crowd: Crowd) -> None:
    world = crowd.world
    await users.delete_user(crowd.known[0].user_id, by=world.client, now=world.tick())
    role_id = world.roles["viewer"].role_id
    await locks.create_local_user("rosa", role_id=role_id, by=world.system, now=world.tick())

    count = await accounts.count_up_to(world.tenant.tenant_id, AccountFilter())

    assert count.found == len(crowd.known)
    assert len(await all_pages(world.tenant.tenant_id, AccountFilter(), AccountOrder())) == len(crowd.known)
    assert len(await all_pages(world.tenant.tenant_id, AccountFilter(local=True), AccountOrder())) == 1


async def test_an_export_reads_everybody_once_whatever_the_pages(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "EXPORT_PAGE", 4)

    found = [one async for one, _ in accounts.each_account(crowd.world.tenant.tenant_id, AccountFilter())]

    assert {one.user_id for one in found} == {one.user_id for one in crowd.known}
    assert len(found) == len(crowd.known)


async def test_who_waits_for_a_manager_is_found_until_the_manager_arrives(world: World) -> None:
    boss = await world.push_user("boss")
    by_id = await world.push_user("a", **managed_by(str(boss.user_id)))
    by_link = await world.push_user("b", **managed_by("ext-boss"))
    early = await world.push_user("c", **managed_by("ext-late"))
    waiting = AccountFilter(waiting=True)
    await world.settle_references()

    before = await all_pages(world.tenant.tenant_id, waiting, AccountOrder())
    listed = await accounts.list_accounts(world.tenant.tenant_id, AccountFilter(), limit=10)
    await world.push_user("late")
    await world.settle_references()
    after = await all_pages(world.tenant.tenant_id, waiting, AccountOrder())

    assert [one.user_id for one in before] == [early.user_id]
    assert {user_id: manager.user_id for user_id, manager in listed.managers.items()} == {
        by_id.user_id: boss.user_id,
        by_link.user_id: boss.user_id,
    }
    assert after == []


async def test_a_place_of_another_order_is_refused(crowd: Crowd) -> None:
    tenant_id = crowd.world.tenant.tenant_id
    page = await accounts.list_accounts(tenant_id, AccountFilter(), limit=2)

    for order in (AccountOrder(descending=True), AccountOrder(sort="changed"), AccountOrder(sort="role")):
        with pytest.raises(InvalidError, match="after"):
            await accounts.list_accounts(tenant_id, AccountFilter(), order=order, after=page.next_after, limit=2)


async def test_the_longest_names_fit_into_the_index_and_are_found(world: World) -> None:
    long = "\U0001d49c\ufdfa" * 300
    extension: dict[str, JsonValue] = {ENTERPRISE: {"department": long}}
    user = await world.push_user("x", displayName=long, userName=f"{long[:60]}@x", **extension)

    found = await all_pages(world.tenant.tenant_id, AccountFilter(text=long[:8]), AccountOrder(sort="department"))

    assert [one.user_id for one in found] == [user.user_id]


def test_words_are_the_same_in_the_index_and_in_the_search() -> None:
    assert m0007_accounts.MARKS == WORD_MARKS
    assert words_in("Ann-Marie O'Hara <ann.o@x>") == ("ann", "marie", "o", "hara", "<ann", "o", "x>")


async def test_some_are_found_by_name_without_counting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cora", "ann", "ben"):
        await world.push_user(name, displayName=name.title())
    tenant_id = world.tenant.tenant_id

    found, more = await accounts.list_some(tenant_id, "example", limit=2)
    assert ([one.display_name for one in found], more) == (["Ann", "Ben"], True)
    found, more = await accounts.list_some(tenant_id, "example", limit=3)
    assert ([one.display_name for one in found], more) == (["Ann", "Ben", "Cora"], False)
    assert await accounts.list_some(tenant_id, "nobody", limit=3) == ([], False)

    monkeypatch.setattr(accounts, "SOME_MAX", 2)
    assert len((await accounts.list_some(tenant_id, "example", limit=8))[0]) == 2


async def test_a_text_that_finds_nobody_says_who_is_near(world: World) -> None:
    for name in ("Anna Berger", "Ben Bergmann", "Cora Stone"):
        await world.push_user(name.split()[0].lower(), displayName=name)
    tenant_id = world.tenant.tenant_id

    page = await accounts.list_accounts(tenant_id, AccountFilter(text="Bergson"), limit=10)
    assert (page.accounts, page.count) == ([], AccountCount(found=0))
    assert [one.display_name for one in page.nearest] == ["Anna Berger", "Ben Bergmann"]
    page = await accounts.list_accounts(tenant_id, AccountFilter(text="berger"), limit=10)
    assert ([one.display_name for one in page.accounts], page.nearest) == (["Anna Berger"], [])


@pytest.mark.parametrize("most", [1, 2, 3, 9])
@pytest.mark.parametrize("text", ["berger", "ber", "bergson", "a", "stone cora", "nobody"])
async def test_the_same_are_found_however_many_are_near(
    world: World, text: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Anna Berger", "Ada Berger", "Ben Bergmann", "Cora Stone"):
        await world.push_user(name.replace(" ", ""), displayName=name)
    monkeypatch.setattr(accounts, "FOUND_COUNTED_MAX", most)
    wanted = [one for one in ("Ada Berger", "Anna Berger", "Ben Bergmann", "Cora Stone") if _has(one, text)]

    page = await accounts.list_accounts(world.tenant.tenant_id, AccountFilter(text=text), limit=10)

    assert [one.display_name for one in page.accounts] == wanted
    assert page.count == AccountCount(found=min(len(wanted), most), more=len(wanted) > most)


def _has(name: str, text: str) -> bool:
    return all(any(word.startswith(begun) for word in name.lower().split()) for begun in text.split())
