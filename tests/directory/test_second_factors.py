"""Setting a second factor up, replacing it, giving it up, and losing it."""

from dataclasses import replace

import pyotp
import pytest

from directory import credentials, events, resealing, second_factors, signin_steps, signins
from directory.errors import ForbiddenError, InvalidError, NoKeysError, NotFoundError, WrongProofError
from directory.sealing_keys import current_key_ring, use_key_ring
from directory.signin_steps import finish_with_code
from directory.visitor import Visitor
from tests.directory.signing_in import HERE, OUTSIDE, STEP, signed_in, try_password, with_factor, with_password
from tests.directory.tenant_setup import MINUTE, NOW, new_scene, other_tenant

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]
LATER = NOW + 4 * STEP


async def test_a_secret_that_was_never_confirmed_is_no_second_factor() -> None:
    scene = await new_scene()
    user = await scene.user("rosa")
    session = await with_password(scene, user)
    await second_factors.begin_enrolment(session.operator, now=NOW)

    assert (await try_password(scene, "rosa")).stage == "session"
    with pytest.raises(WrongProofError):
        await second_factors.finish_enrolment(session.operator, "000000", now=NOW)
    assert (await credentials.get_credentials(scene.tenant.tenant_id, user.user_id)).factor_since is None


async def test_beginning_again_forgets_the_secret_before() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    await second_factors.begin_enrolment(session.operator, now=NOW)
    first = await second_factors.find_enrolment(session.operator, now=NOW)
    await second_factors.begin_enrolment(session.operator, now=NOW)
    second = await second_factors.find_enrolment(session.operator, now=NOW)
    assert first is not None
    assert second is not None
    assert first.secret not in repr(first)

    with pytest.raises(WrongProofError):
        await second_factors.finish_enrolment(session.operator, pyotp.TOTP(first.secret).at(NOW), now=NOW)
    assert (
        len(await second_factors.finish_enrolment(session.operator, pyotp.TOTP(second.secret).at(NOW), now=NOW)) == 10
    )
    assert await second_factors.find_enrolment(session.operator, now=NOW) is None


async def test_a_secret_is_shown_in_the_session_that_began_it_alone_and_for_ten_minutes() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    elsewhere = await signed_in((await try_password(scene, "rosa")).token)
    await second_factors.begin_enrolment(session.operator, now=NOW)
    begun = await second_factors.find_enrolment(session.operator, now=NOW)
    assert begun is not None
    over = NOW + 10 * MINUTE

    assert await second_factors.find_enrolment(elsewhere.operator, now=NOW) is None
    assert await second_factors.find_enrolment(session.operator, now=over) is None
    for who, at in ((elsewhere, NOW), (session, over)):
        with pytest.raises(InvalidError, match="begin again"):
            await second_factors.finish_enrolment(who.operator, pyotp.TOTP(begun.secret).at(at), now=at)


async def test_a_new_second_factor_ends_all_other_sessions_links_and_sign_ins_half_way() -> None:
    scene = await new_scene()
    user = await scene.user("rosa")
    session = await with_password(scene, user)
    app, _ = await with_factor(session)
    half = await try_password(scene, "rosa", now=LATER)
    elsewhere = await finish_with_code(half.token, app.at(LATER), HERE, now=LATER)
    half = await try_password(scene, "rosa", now=LATER)
    link = await signins.create_link(user.user_id, by=scene.by, now=LATER)

    await with_factor(session, now=LATER)

    assert await signins.find_session(elsewhere.token, now=LATER) is None
    assert await signin_steps.find_step(half.token, now=LATER) is None
    assert not await signins.peek_link(link, now=LATER)
    assert await signins.find_session(session.token, now=LATER) is not None


async def test_the_app_in_use_stays_until_the_new_one_is_confirmed() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    former, former_codes = await with_factor(session)
    await second_factors.begin_enrolment(session.operator, now=LATER)
    entry = await try_password(scene, "rosa", now=LATER)
    assert (await finish_with_code(entry.token, former.at(LATER), HERE, now=LATER)).token

    latest, _ = await with_factor(session, now=LATER)

    entry = await try_password(scene, "rosa", now=LATER + 2 * STEP)
    for code in (former.at(LATER + 2 * STEP), former_codes[0]):
        with pytest.raises(WrongProofError):
            await finish_with_code(entry.token, code, HERE, now=LATER + 2 * STEP)
    assert (await finish_with_code(entry.token, latest.at(LATER + 2 * STEP), HERE, now=LATER + 2 * STEP)).token


async def test_new_recovery_codes_void_the_former_ones() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    with pytest.raises(InvalidError):
        await second_factors.renew_recovery_codes(session.operator, now=NOW)
    _, former = await with_factor(session)

    codes = await second_factors.renew_recovery_codes(session.operator, now=NOW)

    entry = await try_password(scene, "rosa", now=LATER)
    with pytest.raises(WrongProofError):
        await finish_with_code(entry.token, former[0], HERE, now=LATER)
    assert (await finish_with_code(entry.token, codes[0], HERE, now=LATER)).token


async def test_it_can_be_given_up_where_the_role_does_not_ask_for_it() -> None:
    scene = await new_scene()
    user = await scene.user("rosa")
    session = await with_password(scene, user)
    await with_factor(session)

    with pytest.raises(InvalidError, match="required"):
        await second_factors.remove_factor(session.operator, OUTSIDE, now=NOW)
    for _ in range(2):
        await second_factors.remove_factor(session.operator, HERE, now=NOW)

    has = await credentials.get_credentials(scene.tenant.tenant_id, user.user_id)
    assert (has.factor_since, has.recovery_left) == (None, 0)
    assert (await try_password(scene, "rosa", now=LATER)).stage == "session"
    told = [event.action for event in await events.list_events(scene.tenant.tenant_id, limit=20)]
    assert told.count("user:factor:removed") == 1


async def test_an_administrator_resets_what_somebody_lost() -> None:
    scene = await new_scene()
    user = await scene.user("rosa", role="viewer")
    session = await with_password(scene, user)
    await with_factor(session)
    boss = signins.operator_actor((await with_password(scene, await scene.user("boss"))).operator)

    assert await second_factors.reset_factor(user.user_id, by=boss, now=NOW)
    assert not await second_factors.reset_factor(user.user_id, by=boss, now=NOW)

    assert await signins.find_session(session.token, now=NOW) is None
    assert (await try_password(scene, "rosa", now=LATER)).stage == "session"
    (told,) = [e for e in await events.list_events(scene.tenant.tenant_id, limit=20) if e.action == "user:factor:reset"]
    assert (told.actor_label, told.subject_label) == ("boss", "rosa")


async def test_nobody_resets_more_than_they_may() -> None:
    scene, other = await new_scene(), await other_tenant()
    boss = await with_password(scene, await scene.user("boss"))
    manager = await with_password(scene, await scene.user("m", role="user_manager"))
    await with_factor(boss)
    by = signins.operator_actor(manager.operator)

    with pytest.raises(ForbiddenError):
        await second_factors.reset_factor(boss.operator.user.user_id, by=by, now=NOW)
    viewer = replace(by, permissions=frozenset({"portal:view"}))
    with pytest.raises(ForbiddenError):
        await second_factors.reset_factor(boss.operator.user.user_id, by=viewer, now=NOW)
    with pytest.raises(NotFoundError):
        await second_factors.reset_factor(boss.operator.user.user_id, by=other.by, now=NOW)
    own = signins.operator_actor(boss.operator)
    with pytest.raises(InvalidError, match="your own"):
        await second_factors.reset_factor(boss.operator.user.user_id, by=own, now=NOW)


async def test_without_keys_nothing_is_set_up() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    ring = current_key_ring()
    use_key_ring(None)
    try:
        with pytest.raises(NoKeysError):
            await second_factors.begin_enrolment(session.operator, now=NOW)
        assert (await try_password(scene, "rosa", visitor=Visitor())).device is None
    finally:
        use_key_ring(ring)


async def test_sealed_secrets_are_counted_by_their_key() -> None:
    scene = await new_scene()
    await with_factor(await with_password(scene, await scene.user("rosa")))

    assert (await resealing.count_sealed())["second factors"] == {current_key_ring().names[0]: 1}
