from dataclasses import replace

import pytest
from anyio import create_task_group

from directory import access_roles, events, locks, signins, users
from directory.errors import ForbiddenError, InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import User, UserAttributes, UserId
from directory.signins import Operator
from directory.store.tenancy import HOUSE
from directory.store.unit import Engine
from directory.tokens import is_key
from directory.visitor import Visitor
from tests.directory.tenant_setup import HOUR, MINUTE, NOW, SECOND, Scene, new_scene, other_tenant

FIREFOX = Visitor(network="198.51.100.0/24", software="Firefox")
SOMEBODY = Visitor()

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


async def sign_in(scene: Scene, user: User) -> str:
    link = await signins.create_link(user.user_id, by=scene.by, now=NOW)
    return (await signins.redeem_link(link, visitor=FIREFOX, now=NOW)).token


async def operator_of(token: str) -> Operator:
    operator = await signins.find_session(token, now=NOW)
    assert operator is not None
    return operator


async def test_a_link_opens_a_session_with_a_new_token() -> None:
    scene = await new_scene()
    user = await scene.user("ann", role="user_manager")
    link = await signins.create_link(user.user_id, by=scene.by, now=NOW)
    token = (await signins.redeem_link(link, visitor=FIREFOX, now=NOW)).token
    assert is_key(link)
    assert is_key(token)
    assert token != link
    operator = await operator_of(token)
    assert (operator.tenant, operator.user, operator.role.shipped) == (scene.tenant, user, "user_manager")
    assert len(operator.csrf_key) == 32
    assert operator.csrf_key.hex() not in repr(operator)


async def test_the_operator_acts_with_the_permissions_of_the_role() -> None:
    scene = await new_scene()
    operator = await operator_of(await sign_in(scene, await scene.user("ann", role="user_manager")))
    by = signins.operator_actor(operator)
    assert (by.kind, by.label, by.user_id) == ("operator", "ann", operator.user.user_id)
    assert by.permissions == {"portal:view", "users:manage"}
    assert by.tenant_id == scene.tenant.tenant_id


async def test_a_link_works_once() -> None:
    scene = await new_scene()
    link = await signins.create_link((await scene.user()).user_id, by=scene.by, now=NOW)
    await signins.redeem_link(link, visitor=SOMEBODY, now=NOW)
    assert not await signins.peek_link(link, now=NOW)
    with pytest.raises(InvalidError):
        await signins.redeem_link(link, visitor=SOMEBODY, now=NOW)


async def test_of_many_who_redeem_a_link_at_once_one_comes_in() -> None:
    scene = await new_scene()
    user = await scene.user()
    link = await signins.create_link(user.user_id, by=scene.by, now=NOW)
    tokens: list[str] = []

    async def redeem() -> None:
        try:
            tokens.append((await signins.redeem_link(link, visitor=SOMEBODY, now=NOW)).token)
        except InvalidError:
            tokens.append("")

    async with create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(redeem)
    assert sorted(map(bool, tokens)) == [False, False, False, False, True]
    assert len(await signins.list_sessions(scene.tenant.tenant_id, user.user_id)) == 1


async def test_looking_at_a_link_does_not_use_it_up() -> None:
    scene = await new_scene()
    link = await signins.create_link((await scene.user()).user_id, by=scene.by, now=NOW)
    assert await signins.peek_link(link, now=NOW)
    assert await signins.peek_link(link, now=NOW + HOUR - SECOND)
    assert (await signins.redeem_link(link, visitor=SOMEBODY, now=NOW + HOUR - SECOND)).token


async def test_a_link_ends_after_an_hour() -> None:
    scene = await new_scene()
    link = await signins.create_link((await scene.user()).user_id, by=scene.by, now=NOW)
    assert not await signins.peek_link(link, now=NOW + HOUR)
    with pytest.raises(InvalidError):
        await signins.redeem_link(link, visitor=SOMEBODY, now=NOW + HOUR)


@pytest.mark.parametrize("token", ["", "x", "\udcff" * 43, "é" * 43, "x" * 5000, "k" * 43])
async def test_what_is_no_token_opens_nothing(token: str) -> None:
    assert not await signins.peek_link(token, now=NOW)
    assert await signins.find_session(token, now=NOW) is None
    with pytest.raises(InvalidError):
        await signins.redeem_link(token, visitor=SOMEBODY, now=NOW)


async def test_tokens_are_kept_as_hashes_only(store: Engine) -> None:
    scene = await new_scene()
    user = await scene.user()
    link = await signins.create_link(user.user_id, by=scene.by, now=NOW)
    token = (await signins.redeem_link(link, visitor=SOMEBODY, now=NOW)).token
    kept = [
        row
        for table in ("signin_link_row", "web_session_row")
        for row in await store.fetch(f"SELECT * FROM {table}", scope=HOUSE)  # noqa: S608  # ours
    ]
    assert len(kept) == 2
    for secret in (link, token):
        assert secret not in repr([dict(row) for row in kept])


async def test_a_session_ends_when_it_is_idle() -> None:
    scene = await new_scene()
    token = await sign_in(scene, await scene.user())
    assert await signins.find_session(token, now=NOW + 29 * MINUTE)
    assert await signins.find_session(token, now=NOW + 58 * MINUTE)
    assert await signins.find_session(token, now=NOW + 88 * MINUTE) is None


async def test_a_session_ends_after_twelve_hours_however_busy() -> None:
    scene = await new_scene()
    token = await sign_in(scene, await scene.user())
    at = NOW
    while at < NOW + 12 * HOUR:
        assert await signins.find_session(token, now=at)
        at += 29 * MINUTE
    assert await signins.find_session(token, now=NOW + 12 * HOUR) is None


async def test_its_use_is_stamped_at_most_once_a_minute() -> None:
    scene = await new_scene()
    user = await scene.user()
    token = await sign_in(scene, user)
    stamped = []
    for second in (30, 59, 60, 90, 120):
        await signins.find_session(token, now=NOW + second * SECOND)
        (session,) = await signins.list_sessions(scene.tenant.tenant_id, user.user_id)
        stamped.append((session.last_used_at - NOW) / SECOND)
    assert stamped == [0, 0, 60, 60, 120]


async def test_signing_out_ends_the_session_and_no_other() -> None:
    scene = await new_scene()
    user = await scene.user()
    one, other = await sign_in(scene, user), await sign_in(scene, user)
    operator = await operator_of(one)
    for _ in range(2):
        await signins.sign_out(operator.session_id, by=signins.operator_actor(operator), now=NOW)
    assert await signins.find_session(one, now=NOW) is None
    assert await signins.find_session(other, now=NOW)
    told = [event.action for event in await events.list_events(scene.tenant.tenant_id, limit=20)]
    assert told.count("session:opened") == 2
    assert told.count("session:closed") == 1
    assert told.count("user:link:created") == 2


async def test_a_session_of_another_tenant_cannot_be_ended() -> None:
    scene, other = await new_scene(), await other_tenant()
    token = await sign_in(other, await other.user())
    with pytest.raises(NotFoundError):
        await signins.sign_out((await operator_of(token)).session_id, by=scene.by, now=NOW)
    assert await signins.find_session(token, now=NOW)


async def test_a_user_whose_role_is_lost_is_out_at_once() -> None:
    scene = await new_scene()
    await scene.user("boss")
    user = await scene.user("ann")
    token = await sign_in(scene, user)
    link = await signins.create_link(user.user_id, by=scene.by, now=NOW)
    loanee = scene.tenant.default_role_id
    await locks.lock_role(user.user_id, loanee, reason="left the team", until=None, by=scene.by, now=NOW)
    assert await signins.find_session(token, now=NOW) is None
    assert not await signins.peek_link(link, now=NOW)
    with pytest.raises(InvalidError):
        await signins.redeem_link(link, visitor=SOMEBODY, now=NOW)


async def test_a_link_made_before_a_promotion_does_not_open_the_new_role() -> None:
    scene = await new_scene()
    boss, user = await scene.user("boss"), await scene.user("ann", role="viewer")
    manager = await scene.user("mara", role="user_manager")
    by = signins.operator_actor(await operator_of(await sign_in(scene, manager)))
    link = await signins.create_link(user.user_id, purpose="invite", by=by, now=NOW)
    await locks.lock_role(user.user_id, boss.decision.role_id, reason="promoted", until=None, by=scene.by, now=NOW)

    assert not await signins.peek_link(link, now=NOW)
    with pytest.raises(InvalidError, match="carried less"):
        await signins.redeem_link(link, visitor=SOMEBODY, now=NOW)
    anew = await signins.create_link(user.user_id, by=scene.by, now=NOW)
    assert (await signins.redeem_link(anew, visitor=SOMEBODY, now=NOW)).token


async def test_a_link_outlives_a_role_that_carries_less() -> None:
    scene = await new_scene()
    await scene.user("boss")
    user = await scene.user("ann")
    link = await signins.create_link(user.user_id, by=scene.by, now=NOW)
    viewer = await access_roles.find_role(scene.tenant.tenant_id, "viewer")
    assert viewer is not None
    await locks.lock_role(user.user_id, viewer.role_id, reason="new duties", until=None, by=scene.by, now=NOW)

    assert (await operator_of((await signins.redeem_link(link, visitor=SOMEBODY, now=NOW)).token)).role == viewer


async def test_a_session_carries_the_role_of_the_moment() -> None:
    scene = await new_scene()
    await scene.user("boss")
    user = await scene.user("ann")
    token = await sign_in(scene, user)
    viewer = await access_roles.find_role(scene.tenant.tenant_id, "viewer")
    assert viewer is not None
    await locks.lock_role(user.user_id, viewer.role_id, reason="new duties", until=None, by=scene.by, now=NOW)
    assert (await operator_of(token)).role == viewer


def disabled(attributes: UserAttributes) -> UserAttributes:
    return UserAttributes({**attributes.document, "active": False})


def enabled(attributes: UserAttributes) -> UserAttributes:
    return UserAttributes({**attributes.document, "active": True})


async def test_a_user_who_is_disabled_is_out_for_good() -> None:
    scene = await new_scene()
    source = await scene.source()
    await scene.user("boss")
    user = await scene.pushed_user(source)
    token = await sign_in(scene, user)
    link = await signins.create_link(user.user_id, by=scene.by, now=NOW)
    for edit in (disabled, enabled):
        await users.edit_user(user.user_id, edit, by=scene.feed(source), now=NOW)
        assert await signins.find_session(token, now=NOW) is None
        assert not await signins.peek_link(link, now=NOW)
    assert await sign_in(scene, user)


async def test_a_user_who_is_deleted_is_out() -> None:
    scene = await new_scene()
    source = await scene.source()
    await scene.user("boss")
    user = await scene.pushed_user(source)
    token = await sign_in(scene, user)
    link = await signins.create_link(user.user_id, by=scene.by, now=NOW)
    await users.delete_user(user.user_id, by=scene.feed(source), now=NOW)
    assert await signins.find_session(token, now=NOW) is None
    with pytest.raises(InvalidError):
        await signins.redeem_link(link, visitor=SOMEBODY, now=NOW)


async def test_who_may_not_sign_in_gets_no_link() -> None:
    scene = await new_scene()
    source = await scene.source()
    await scene.user("boss")
    loanee, gone = await scene.user("ann", role="loanee"), await scene.pushed_user(source, "bob")
    await users.edit_user(gone.user_id, disabled, by=scene.feed(source), now=NOW)
    for user in (loanee, gone):
        with pytest.raises(InvalidError):
            await signins.create_link(user.user_id, by=scene.by, now=NOW)
        assert await signins.list_links(scene.tenant.tenant_id, user.user_id) == []


async def test_a_user_of_another_tenant_gets_no_link() -> None:
    scene, other = await new_scene(), await other_tenant()
    for user_id in ((await other.user()).user_id, UserId(new_id(NOW))):
        with pytest.raises(NotFoundError):
            await signins.create_link(user_id, by=scene.by, now=NOW)


async def test_nobody_makes_a_link_to_more_than_they_have() -> None:
    scene = await new_scene()
    boss, viewer = await scene.user("boss"), await scene.user("ann", role="viewer")
    manager = signins.operator_actor(
        await operator_of(await sign_in(scene, await scene.user("m", role="user_manager")))
    )
    assert await signins.create_link(viewer.user_id, by=manager, now=NOW)
    with pytest.raises(ForbiddenError):
        await signins.create_link(boss.user_id, by=manager, now=NOW)
    with pytest.raises(ForbiddenError):
        await signins.create_link(viewer.user_id, by=replace(manager, permissions=frozenset({"portal:view"})), now=NOW)


async def test_links_and_sessions_of_a_user_can_be_looked_at() -> None:
    scene = await new_scene()
    user = await scene.user()
    await sign_in(scene, user)
    await signins.create_link(user.user_id, by=scene.by, now=NOW + MINUTE)
    links = await signins.list_links(scene.tenant.tenant_id, user.user_id)
    assert [(link.created_by, link.expires_at, link.used_at) for link in links] == [
        ("command line", NOW + MINUTE + HOUR, None),
        ("command line", NOW + HOUR, NOW),
    ]
    (session,) = await signins.list_sessions(scene.tenant.tenant_id, user.user_id)
    assert (session.network, session.software, session.ended_at) == ("198.51.100.0/24", "Firefox", None)
    other = await other_tenant()
    assert await signins.list_sessions(other.tenant.tenant_id, user.user_id) == []
    assert await signins.list_links(other.tenant.tenant_id, user.user_id) == []
