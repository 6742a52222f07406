"""Keys of asset systems: shown once, one tenant's, void when rotated or revoked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory import alert_list, alert_watch, equipment_keys, secret_keys, tenants
from directory.equipment_keys import IssuedKey
from directory.errors import ForbiddenError, InvalidError, NotFoundError, UnknownSecretError
from directory.model import Permission
from tests.directory.lending import viewer
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


async def create(world: World, label: str = "Snipe") -> IssuedKey:
    return await equipment_keys.create_key(label, by=world.system, now=world.tick())


async def opens(world: World, token: str) -> bool:
    try:
        by = await equipment_keys.recognise(token, now=world.tick(), network="203.0.113.0/24")
    except UnknownSecretError:
        return False
    return by.tenant_id == world.tenant.tenant_id and by.permissions == {"users:manage"}


async def test_a_key_opens_its_own_tenant_alone(world: World) -> None:
    other = await create_world("other")
    issued = await create(world)

    assert issued.token.startswith("rbk_e_")
    assert await opens(world, issued.token)
    assert not await opens(other, issued.token)
    (key,) = await equipment_keys.list_keys(world.tenant.tenant_id, now=world.now)
    assert (key.last_used_from, issued.token in repr(issued), key.digest in repr(key)) == (
        "203.0.113.0/24",
        False,
        False,
    )


async def test_a_secret_of_scim_is_no_key_and_a_key_no_secret(world: World) -> None:
    secret = await secret_keys.issue_secret(world.source.source_id, label="x", by=world.system, now=world.tick())
    issued = await create(world)

    assert not await opens(world, secret.token)
    with pytest.raises(UnknownSecretError):
        await secret_keys.recognise(issued.token, now=world.tick())


@pytest.mark.parametrize("spoilt", ["", "x", "rbk_e_", "rbk_e_\udcff", "y" * 300])
async def test_what_is_no_key_opens_nothing(world: World, spoilt: str) -> None:
    assert not await opens(world, spoilt)
    token = (await create(world)).token
    assert not await opens(world, token[:-1] + ("a" if token[-1] != "a" else "b"))


async def test_a_rotated_key_is_void_at_once_or_after_the_overlap(world: World) -> None:
    first = await create(world)
    second = await equipment_keys.rotate_key(first.key.key_id, by=world.system, now=world.tick())
    assert [await opens(world, one.token) for one in (first, second)] == [False, True]

    third = await equipment_keys.rotate_key(
        second.key.key_id, overlap=timedelta(hours=1), by=world.system, now=world.tick()
    )
    assert [await opens(world, one.token) for one in (second, third)] == [True, True]
    world.now += timedelta(hours=1)
    assert [await opens(world, one.token) for one in (second, third)] == [False, True]
    assert third.key.label == "Snipe"
    with pytest.raises(NotFoundError):
        await equipment_keys.rotate_key(first.key.key_id, by=world.system, now=world.tick())


async def test_a_key_ends_by_itself_and_when_it_is_revoked(world: World) -> None:
    short = await equipment_keys.create_key("a", lifetime=timedelta(days=1), by=world.system, now=world.tick())
    issued = await create(world)
    await equipment_keys.revoke_key(issued.key.key_id, by=world.system, now=world.tick())
    await equipment_keys.revoke_key(issued.key.key_id, by=world.system, now=world.tick())

    assert [await opens(world, one.token) for one in (short, issued)] == [True, False]
    world.now += timedelta(days=1)
    assert not await opens(world, short.token)


async def test_who_does_not_manage_sources_makes_and_voids_none(world: World) -> None:
    issued, by = await create(world), viewer(world)

    with pytest.raises(ForbiddenError):
        await equipment_keys.create_key("x", by=by, now=world.tick())
    with pytest.raises(ForbiddenError):
        await equipment_keys.revoke_key(issued.key.key_id, by=by, now=world.tick())
    with pytest.raises(ForbiddenError):
        await equipment_keys.rotate_key(issued.key.key_id, by=by, now=world.tick())
    with pytest.raises(NotFoundError):
        await equipment_keys.revoke_key(issued.key.key_id, by=(await create_world("other")).system, now=world.tick())


@pytest.mark.parametrize("lacks", ["sources:manage", "users:manage"])
async def test_nobody_gives_a_key_more_than_they_have(world: World, lacks: Permission) -> None:
    issued = await create(world)
    permissions = frozenset[Permission]({"portal:view", "sources:manage", "users:manage"}) - {lacks}
    by = replace(viewer(world), permissions=permissions)

    with pytest.raises(ForbiddenError):
        await equipment_keys.create_key("x", by=by, now=world.tick())
    with pytest.raises(ForbiddenError):
        await equipment_keys.rotate_key(issued.key.key_id, by=by, now=world.tick())


async def test_a_live_key_is_listed_however_many_void_ones_are_newer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equipment_keys, "LISTED_MAX", 3)
    first, newest = await create(world, "first"), await create(world, "rotated")
    for _ in range(3):
        newest = await equipment_keys.rotate_key(newest.key.key_id, by=world.system, now=world.tick())

    listed = await equipment_keys.list_keys(world.tenant.tenant_id, now=world.now)

    assert [key.key_id for key in listed[:2]] == [newest.key.key_id, first.key.key_id]
    assert listed[2].state(world.now) == "revoked"
    assert (await equipment_keys.get_key(world.tenant.tenant_id, first.key.key_id)).label == "first"
    with pytest.raises(NotFoundError):
        await equipment_keys.get_key((await create_world("other")).tenant.tenant_id, first.key.key_id)


async def test_void_keys_take_no_room_and_an_overlap_does(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equipment_keys, "LIVE_MAX", 1)
    monkeypatch.setattr(equipment_keys, "LISTED_MAX", 1)
    first = await create(world)

    second = await equipment_keys.rotate_key(first.key.key_id, by=world.system, now=world.tick())
    with pytest.raises(InvalidError, match="one too many"):
        await equipment_keys.rotate_key(
            second.key.key_id, overlap=timedelta(hours=1), by=world.system, now=world.tick()
        )
    await equipment_keys.revoke_key(second.key.key_id, by=world.system, now=world.tick())

    assert await opens(world, (await create(world)).token)


async def test_bounds_are_held(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equipment_keys, "LIVE_MAX", 1)
    await create(world)

    with pytest.raises(InvalidError, match="one too many"):
        await create(world)
    with pytest.raises(InvalidError):
        await create(world, "")
    with pytest.raises(InvalidError):
        await equipment_keys.create_key("x", lifetime=timedelta(days=366), by=world.system, now=world.tick())


async def told(world: World) -> list[tuple[str, str, int]]:
    """Look for what is the matter, and return the alerts that are open."""
    await alert_watch.watch(now=world.now)
    found = await alert_list.list_open(world.tenant.tenant_id)
    return [(alert.kind, alert.label, alert.level) for alert in found]


async def test_a_key_that_ends_is_told_until_somebody_ends_it(world: World) -> None:
    issued = await equipment_keys.create_key("Snipe", lifetime=60 * DAY, by=world.system, now=world.now)
    assert await told(world) == []

    for days, level in ((31, 1), (50, 2), (54, 3), (59, 4), (61, 5)):
        world.now = issued.key.created_at + days * DAY
        assert await told(world) == [("secret_ending", "Equipment API (Snipe)", level)]

    await equipment_keys.revoke_key(issued.key.key_id, by=world.system, now=world.tick())
    assert await told(world) == []


async def test_a_key_that_was_rotated_is_not_told(world: World) -> None:
    issued = await equipment_keys.create_key("Snipe", lifetime=60 * DAY, by=world.system, now=world.now)
    world.now += 55 * DAY
    assert len(await told(world)) == 1

    await equipment_keys.rotate_key(
        issued.key.key_id, lifetime=180 * DAY, overlap=timedelta(hours=24), by=world.system, now=world.tick()
    )

    assert await told(world) == []


async def test_a_key_of_a_tenant_without_connections_is_watched_too(world: World) -> None:
    bare = await tenants.create_tenant("Bare", now=world.tick())
    by = replace(world.system, tenant_id=bare.tenant_id)
    await equipment_keys.create_key("Snipe", lifetime=7 * DAY, by=by, now=world.now)

    await alert_watch.watch(now=world.now)

    assert [alert.level for alert in await alert_list.list_open(bare.tenant_id)] == [3]
