"""The second half of a sign-in."""

import pyotp
import pytest
from anyio import create_task_group

from directory import access_roles, events, locks, second_factors, signin_steps, signins, users
from directory.errors import InvalidError, NoKeysError, TooManyTriesError, WrongProofError
from directory.key_ring import KeyRing
from directory.model import User, UserAttributes
from directory.sealing_keys import current_key_ring, use_key_ring
from directory.store.tenancy import HOUSE
from directory.store.unit import Engine
from directory.throttling import FREE_TRIES
from tests.directory.signing_in import (
    HERE,
    OUTSIDE,
    PASSWORD,
    STEP,
    by_link,
    signed_in,
    try_password,
    with_factor,
    with_password,
)
from tests.directory.tenant_setup import MINUTE, NOW, Scene, new_scene

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]
LATER = NOW + 4 * STEP


async def protected(scene: Scene, user: User) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    """Give a user a password and a second factor."""
    return await with_factor(await with_password(scene, user))


async def test_after_the_password_comes_the_code() -> None:
    scene = await new_scene()
    app, _ = await protected(scene, await scene.user("rosa"))

    entry = await try_password(scene, "rosa", now=LATER)
    step = await signin_steps.find_step(entry.token, now=LATER)
    done = await signin_steps.finish_with_code(entry.token, app.at(LATER), HERE, now=LATER)

    assert (entry.stage, entry.device) == ("code", None)
    assert step is not None
    assert (step.stage, step.secret) == ("code", None)
    assert await signins.find_session(entry.token, now=LATER) is None
    found = await signed_in(done.token, now=LATER)
    assert (found.operator.way, found.operator.second_factor) == ("password", True)


@pytest.mark.parametrize("purpose", ["sign in", "invite", "reset"])
async def test_no_link_gets_past_the_second_factor(purpose: str) -> None:
    scene = await new_scene()
    user = await scene.user("rosa")
    app, _ = await protected(scene, user)

    entry = await by_link(scene, user, now=LATER, purpose=purpose)  # type: ignore[arg-type]  # one of the purposes

    assert entry.stage == "code"
    done = await signin_steps.finish_with_code(entry.token, app.at(LATER), HERE, now=LATER)
    assert done.lands_at == ("" if purpose == "sign in" else "own-account/password")


async def test_a_code_works_once_even_if_sent_twice_at_once() -> None:
    scene = await new_scene()
    app, _ = await protected(scene, await scene.user("rosa"))
    step = (await try_password(scene, "rosa", now=LATER)).token
    opened: list[str] = []

    async def finish() -> None:
        try:
            opened.append((await signin_steps.finish_with_code(step, app.at(LATER), HERE, now=LATER)).token)
        except (WrongProofError, InvalidError):
            opened.append("")

    async with create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(finish)

    assert sorted(map(bool, opened)) == [False, False, False, True]


async def test_a_step_is_used_once() -> None:
    scene = await new_scene()
    app, _ = await protected(scene, await scene.user("rosa"))
    entry = await try_password(scene, "rosa", now=LATER)
    await signin_steps.finish_with_code(entry.token, app.at(LATER), HERE, now=LATER)

    assert await signin_steps.find_step(entry.token, now=LATER) is None
    with pytest.raises(InvalidError):
        await signin_steps.finish_with_code(entry.token, app.at(LATER + STEP), HERE, now=LATER)


async def test_a_step_is_over_after_ten_minutes() -> None:
    scene = await new_scene()
    app, _ = await protected(scene, await scene.user("rosa"))
    entry = await try_password(scene, "rosa", now=LATER)
    over = LATER + 10 * MINUTE

    assert await signin_steps.find_step(entry.token, now=over) is None
    with pytest.raises(InvalidError):
        await signin_steps.finish_with_code(entry.token, app.at(over), HERE, now=over)


@pytest.mark.parametrize("token", ["", "x", "\udcff" * 43, "k" * 43])
async def test_what_is_no_step_leads_nowhere(token: str) -> None:
    assert await signin_steps.find_step(token, now=NOW) is None
    with pytest.raises(InvalidError):
        await signin_steps.finish_with_code(token, "123456", HERE, now=NOW)


async def test_a_recovery_code_replaces_the_app_once() -> None:
    scene = await new_scene()
    user = await scene.user("rosa")
    _, codes = await protected(scene, user)

    first = (await try_password(scene, "rosa", now=LATER)).token
    done = await signin_steps.finish_with_code(first, codes[3].lower(), HERE, now=LATER)
    second = (await try_password(scene, "rosa", now=LATER)).token
    with pytest.raises(WrongProofError):
        await signin_steps.finish_with_code(second, codes[3], HERE, now=LATER)

    assert (await signed_in(done.token, now=LATER)).operator.second_factor
    told = [event.action for event in await events.list_events(scene.tenant.tenant_id, limit=10)]
    assert told.count("user:recovery:used") == 1


async def test_codes_cannot_be_guessed() -> None:
    scene = await new_scene()
    app, codes = await protected(scene, await scene.user("rosa"))
    entry = await try_password(scene, "rosa", now=LATER)

    for _ in range(FREE_TRIES["code"]):
        with pytest.raises(WrongProofError):
            await signin_steps.finish_with_code(entry.token, "000000", HERE, now=LATER)
    for code in (app.at(LATER), codes[0]):
        with pytest.raises(TooManyTriesError):
            await signin_steps.finish_with_code(entry.token, code, HERE, now=LATER)
    another = await try_password(scene, "rosa", now=LATER)
    with pytest.raises(TooManyTriesError):
        await signin_steps.finish_with_code(another.token, app.at(LATER), HERE, now=LATER)


async def test_whoever_is_disabled_half_way_stays_outside() -> None:
    scene = await new_scene()
    source = await scene.source()
    await scene.user("boss")
    user = await scene.pushed_user(source)
    app, _ = await protected(scene, user)
    entry = await try_password(scene, "ann", now=LATER)
    for active in (False, True):
        edited = UserAttributes({**user.attributes.document, "active": active})
        await users.edit_user(user.user_id, lambda _, edited=edited: edited, by=scene.feed(source), now=LATER)  # type: ignore[misc]  # the default binds

    with pytest.raises(InvalidError):
        await signin_steps.finish_with_code(entry.token, app.at(LATER), HERE, now=LATER)


async def test_the_first_time_a_second_factor_is_set_up_on_the_way_in() -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))
    entry = await try_password(scene, "rosa", visitor=OUTSIDE)
    step = await signin_steps.find_step(entry.token, now=NOW)
    assert step is not None
    assert step.secret is not None
    assert step.secret in (step.uri or "")
    app = pyotp.TOTP(step.secret)

    with pytest.raises(WrongProofError):
        await signin_steps.finish_with_enrolment(entry.token, "000000", OUTSIDE, now=NOW)
    done, codes = await signin_steps.finish_with_enrolment(entry.token, app.at(NOW), OUTSIDE, now=NOW)

    assert len(codes) == 10
    assert (await signed_in(done.token)).operator.is_let_in(OUTSIDE)
    again = await try_password(scene, "rosa", now=LATER, visitor=OUTSIDE)
    assert again.stage == "code"
    assert (await signin_steps.finish_with_code(again.token, codes[0], OUTSIDE, now=LATER)).token


async def test_of_several_sign_ins_half_way_only_the_last_leads_on_and_none_shows_anothers_secret() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    thief = await try_password(scene, "rosa", visitor=OUTSIDE)
    seen = await signin_steps.find_step(thief.token, now=NOW)

    owner = await try_password(scene, "rosa", visitor=OUTSIDE)
    step = await signin_steps.find_step(owner.token, now=NOW)
    assert seen is not None
    assert step is not None
    assert step.secret not in {None, seen.secret}
    assert await signin_steps.find_step(thief.token, now=NOW) is None
    with pytest.raises(InvalidError):
        await signin_steps.finish_with_enrolment(thief.token, pyotp.TOTP(step.secret or "").at(NOW), OUTSIDE, now=NOW)

    await second_factors.begin_enrolment(session.operator, now=NOW)
    assert await second_factors.find_enrolment(session.operator, now=NOW) is not None
    assert await signin_steps.find_step(owner.token, now=NOW) is None


async def test_taking_access_away_ends_sign_ins_half_way() -> None:
    scene = await new_scene()
    user = await scene.user("rosa")
    app, _ = await protected(scene, user)
    entry = await try_password(scene, "rosa", now=LATER)

    assert await second_factors.reset_factor(user.user_id, by=scene.by, now=LATER)

    assert await signin_steps.find_step(entry.token, now=LATER) is None
    with pytest.raises(InvalidError):
        await signin_steps.finish_with_code(entry.token, app.at(LATER), HERE, now=LATER)


async def test_a_role_that_gains_ends_the_sign_ins_half_way_of_its_holders(store: Engine) -> None:
    scene = await new_scene()
    role = await access_roles.create_role("Desk", ["portal:view"], by=scene.by, now=NOW)
    user = await locks.create_local_user("desk", role_id=role.role_id, by=scene.by, now=NOW)
    await protected(scene, user)
    await try_password(scene, "desk", now=LATER)
    still_open = "SELECT id FROM signin_step_row WHERE used_at IS NULL"
    assert len(await store.fetch(still_open, scope=HOUSE)) == 1

    await access_roles.change_role(role.role_id, "Desk", ["users:manage"], consent=False, by=scene.by, now=LATER)

    assert await store.fetch(still_open, scope=HOUSE) == []


async def test_a_sign_in_half_way_does_not_lead_to_a_role_that_carries_more() -> None:
    scene = await new_scene()
    boss, user = await scene.user("boss"), await scene.user("vic", role="viewer")
    app, _ = await protected(scene, user)
    entry = await try_password(scene, "vic", now=LATER)
    await locks.lock_role(user.user_id, boss.decision.role_id, reason="promoted", until=None, by=scene.by, now=LATER)

    assert await signin_steps.find_step(entry.token, now=LATER) is None
    with pytest.raises(InvalidError, match="leads to more"):
        await signin_steps.finish_with_code(entry.token, app.at(LATER), HERE, now=LATER)
    again = await try_password(scene, "vic", now=LATER)
    assert (await signin_steps.finish_with_code(again.token, app.at(LATER), HERE, now=LATER)).token


async def test_the_secret_of_the_app_is_sealed_and_gone_when_the_user_is_deleted(store: Engine) -> None:
    scene = await new_scene()
    source = await scene.source()
    await scene.user("boss")
    user = await scene.pushed_user(source)
    app, codes = await protected(scene, user)

    kept = [
        row
        for table in ("factor_row", "recovery_code_row")
        for row in await store.fetch(f"SELECT * FROM {table}", scope=HOUSE)  # noqa: S608  # ours
    ]
    assert app.secret not in repr([dict(row) for row in kept])
    assert not any(code in repr([dict(row) for row in kept]) for code in codes)
    await users.delete_user(user.user_id, by=scene.feed(source), now=NOW)
    assert await store.fetch("SELECT id FROM factor_row", scope=HOUSE) == []
    assert await store.fetch("SELECT digest FROM recovery_code_row", scope=HOUSE) == []


async def test_without_the_key_only_a_recovery_code_helps() -> None:
    scene = await new_scene()
    app, codes = await protected(scene, await scene.user("rosa"))
    entry = await try_password(scene, "rosa", PASSWORD, now=LATER)
    ring = current_key_ring()
    try:
        for other in (KeyRing([b"another key of this test, of course" * 2]), None):
            use_key_ring(other)
            with pytest.raises(NoKeysError):
                await signin_steps.finish_with_code(entry.token, app.at(LATER), HERE, now=LATER)
        assert (await signin_steps.finish_with_code(entry.token, codes[0], HERE, now=LATER)).token
    finally:
        use_key_ring(ring)
