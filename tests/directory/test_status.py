"""A user whom an operator keeps out stays out, whatever the identity provider reports."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory import events, locks, signins, status, users
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, LastAdministratorError, NotFoundError
from directory.ids import new_id
from directory.model import Actor, JsonValue, User, UserAttributes, UserId
from directory.store.unit import Engine
from directory.visitor import Visitor
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


def manager_of(world: World) -> Actor:
    permissions = world.roles["user_manager"].permissions
    return replace(world.system, kind="operator", label="Mara", permissions=permissions)


async def local_user(world: World, role: str = "viewer", name: str = "lou") -> User:
    return await locks.create_local_user(name, role_id=world.roles[role].role_id, by=world.system, now=world.tick())


async def blocked(world: World, user: User) -> bool:
    return await status.block_signin(user.user_id, reason="Lost laptop", by=manager_of(world), now=world.tick())


async def report(world: World, user: User, **attributes: JsonValue) -> User:
    """Have the source say something of a user."""
    return await users.edit_user(
        user.user_id,
        lambda old: UserAttributes({**old.document, **attributes}),
        by=world.client,
        now=world.tick(),
    )


async def is_active(world: World, user: User) -> bool:
    return (await users.get_user(world.tenant.tenant_id, user.user_id)).active


async def actions_of(world: World, user: User) -> list[str]:
    found = await events.list_events(world.tenant.tenant_id, subject_id=user.user_id, limit=50)
    return [event.action for event in reversed(found)]


async def test_a_blocked_user_is_out_and_says_why(world: World) -> None:
    user = await world.push_user("ann")

    assert await blocked(world, user)

    block = await status.find_block(world.tenant.tenant_id, user.user_id)
    assert block is not None
    assert (block.reason, block.owner, block.created_at) == ("Lost laptop", "Mara", world.now)
    assert not await is_active(world, user)
    assert (await actions_of(world, user))[-1] == "user:sign-in:blocked"


async def test_what_the_source_sees_and_its_version_stay_as_they_were(world: World) -> None:
    user = await world.push_user("ann")
    await blocked(world, user)

    shown = await users.show_user(world.tenant.tenant_id, user.user_id, world.source.source_id)

    assert shown.attributes.active
    assert shown.version == user.version


async def test_reporting_the_user_active_again_lifts_nothing(world: World) -> None:
    user = await world.push_user("ann")
    await blocked(world, user)

    await report(world, user, active=False)
    after = await report(world, user, active=True)

    assert after.attributes.active
    assert not await is_active(world, user)


async def test_another_edit_of_a_blocked_user_lifts_nothing(world: World) -> None:
    user = await world.push_user("ann")
    await blocked(world, user)

    await report(world, user, title="Engineer")

    assert not await is_active(world, user)


async def test_coming_back_after_a_deletion_lifts_nothing(world: World) -> None:
    user = await world.push_user("ann")
    await blocked(world, user)
    await users.delete_user(user.user_id, by=world.client, now=world.tick())

    back = await world.push_user("ann")

    assert back.user_id == user.user_id
    assert back.attributes.active
    assert not await is_active(world, user)


async def test_posting_a_blocked_user_again_is_still_refused_as_taken(world: World) -> None:
    user = await world.push_user("ann")
    await blocked(world, user)

    with pytest.raises(AlreadyExistsError):
        await world.push_user("ann")


async def test_allowing_gives_back_what_the_source_reports(world: World) -> None:
    ann, bob = await world.push_user("ann"), await world.push_user("bob")
    for user in (ann, bob):
        await blocked(world, user)
    await report(world, bob, active=False)

    for user in (ann, bob):
        assert await status.allow_signin(user.user_id, by=manager_of(world), now=world.tick())

    assert await is_active(world, ann)
    assert not await is_active(world, bob)
    assert await status.find_block(world.tenant.tenant_id, ann.user_id) is None


async def test_a_second_block_and_a_second_lifting_change_and_record_nothing(world: World) -> None:
    user = await world.push_user("ann")
    await blocked(world, user)

    assert not await blocked(world, user)
    assert await status.allow_signin(user.user_id, by=world.system, now=world.tick())
    assert not await status.allow_signin(user.user_id, by=world.system, now=world.tick())
    assert (await actions_of(world, user))[-2:] == ["user:sign-in:blocked", "user:sign-in:allowed"]


async def test_sessions_and_links_end_at_once(world: World) -> None:
    user = await local_user(world)
    link = await signins.create_link(user.user_id, by=world.system, now=world.tick())
    token = (await signins.redeem_link(link, visitor=Visitor(), now=world.tick())).token
    unused = await signins.create_link(user.user_id, by=world.system, now=world.tick())

    await blocked(world, user)
    await status.allow_signin(user.user_id, by=world.system, now=world.tick())

    assert await signins.find_session(token, now=world.tick()) is None
    assert not await signins.peek_link(unused, now=world.tick())


async def test_the_last_administrator_is_not_kept_out(world: World) -> None:
    boss = await local_user(world, "administrator")

    with pytest.raises(LastAdministratorError):
        await status.block_signin(boss.user_id, reason="No", by=world.system, now=world.tick())

    assert await is_active(world, boss)
    assert await status.find_block(world.tenant.tenant_id, boss.user_id) is None


async def test_nobody_keeps_a_higher_role_out_or_lets_it_in(world: World) -> None:
    boss, _ = await local_user(world, "administrator"), await local_user(world, "administrator", "ada")

    with pytest.raises(ForbiddenError):
        await blocked(world, boss)
    await status.block_signin(boss.user_id, reason="Left", by=world.system, now=world.tick())
    with pytest.raises(ForbiddenError):
        await status.allow_signin(boss.user_id, by=manager_of(world), now=world.tick())


async def test_a_source_can_neither_block_nor_allow(world: World) -> None:
    user = await world.push_user("ann")

    with pytest.raises(ForbiddenError):
        await status.block_signin(user.user_id, reason="x", by=world.client, now=world.tick())
    with pytest.raises(ForbiddenError):
        await status.allow_signin(user.user_id, by=world.client, now=world.tick())


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\u202eb"])
async def test_a_block_has_a_reason_that_can_be_read(world: World, reason: str) -> None:
    user = await world.push_user("ann")

    with pytest.raises(InvalidError):
        await status.block_signin(user.user_id, reason=reason, by=world.system, now=world.tick())


async def test_users_of_another_tenant_are_not_there(world: World) -> None:
    theirs = await (await create_world("bristol")).push_user("ann")

    for user_id in (theirs.user_id, UserId(new_id(world.now))):
        with pytest.raises(NotFoundError):
            await status.block_signin(user_id, reason="x", by=world.system, now=world.tick())


async def test_a_local_account_is_disabled_and_enabled(world: World) -> None:
    user = await local_user(world)

    assert await status.set_local_status(user.user_id, active=False, by=world.system, now=world.tick())
    assert not await is_active(world, user)
    assert not await status.set_local_status(user.user_id, active=False, by=world.system, now=world.tick())
    assert await status.set_local_status(user.user_id, active=True, by=world.system, now=world.tick())
    assert await is_active(world, user)
    assert (await actions_of(world, user))[-2:] == ["user:disabled", "user:enabled"]


async def test_enabling_a_local_account_lifts_no_block(world: World) -> None:
    user = await local_user(world)
    await blocked(world, user)
    await status.set_local_status(user.user_id, active=False, by=world.system, now=world.tick())

    await status.set_local_status(user.user_id, active=True, by=world.system, now=world.tick())

    assert not await is_active(world, user)


async def test_the_status_of_a_provisioned_user_is_its_sources(world: World) -> None:
    user = await world.push_user("ann")

    with pytest.raises(InvalidError):
        await status.set_local_status(user.user_id, active=False, by=world.system, now=world.tick())


DEEDS = ("report active", "report disabled", "edit", "delete", "post", "block", "allow", "lock", "join")
made = iter(range(1_000_000))


@dataclass
class Model:
    """What one user should be, in the simplest words."""

    reported: bool = True
    blocked: bool = False
    deleted: bool = False

    def do(self, deed: str) -> None:
        if deed == "block" and not self.deleted:
            self.blocked = True
        elif deed == "allow" and not self.deleted:
            self.blocked = False
        elif deed == "delete":
            self.deleted = True
        elif deed == "post" and (self.deleted or not self.reported):
            self.deleted, self.reported = False, True
        elif deed.startswith("report") and not self.deleted:
            self.reported = deed == "report active"

    @property
    def active(self) -> bool:
        return self.reported and not self.blocked


async def done(world: World, user: User, deed: str) -> None:
    """Do a deed as a client or an operator would; what cannot be done now is refused and changes nothing."""
    role_id = world.roles["editor"].role_id
    deeds: dict[str, Callable[[], Awaitable[object]]] = {
        "report active": lambda: report(world, user, active=True),
        "report disabled": lambda: report(world, user, active=False),
        "edit": lambda: report(world, user, title=str(world.now)),
        "delete": lambda: users.delete_user(user.user_id, by=world.client, now=world.tick()),
        "post": lambda: world.push_user("ann"),
        "block": lambda: blocked(world, user),
        "allow": lambda: status.allow_signin(user.user_id, by=world.system, now=world.tick()),
        "lock": lambda: locks.lock_role(
            user.user_id, role_id, reason="x", until=None, by=world.system, now=world.tick()
        ),
        "join": lambda: world.push_group(f"Group {next(made)}", ["ext-ann"]),
    }
    with suppress(NotFoundError, AlreadyExistsError):
        await deeds[deed]()


@given(deeds=st.lists(st.sampled_from(DEEDS), min_size=1, max_size=14))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_effective_status_is_reported_and_not_blocked_after_any_deeds(store: Engine, deeds: list[str]) -> None:
    assert store is not None
    world = await create_world(f"status-{next(made)}")
    user, model = await world.push_user("ann"), Model()

    for deed in deeds:
        await done(world, user, deed)
        model.do(deed)
        if model.deleted:
            with pytest.raises(NotFoundError):
                await users.get_user(world.tenant.tenant_id, user.user_id)
            continue
        now = await users.get_user(world.tenant.tenant_id, user.user_id)
        assert (now.attributes.active, now.active) == (model.reported, model.active)

    assert (await status.find_block(world.tenant.tenant_id, user.user_id) is not None) == model.blocked
    await world.assert_consistent()
