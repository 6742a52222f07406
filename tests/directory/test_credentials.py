"""Passwords that operators choose, and confirming who they are."""

import pytest

from directory import confirmation, credentials, events, signins
from directory.errors import InvalidError, NotFoundError, TooManyTriesError, WrongProofError
from directory.ids import new_id
from directory.model import UserId
from directory.throttling import FREE_TRIES
from tests.directory.signing_in import PASSWORD, STEP, by_link, signed_in, try_password, with_factor, with_password
from tests.directory.tenant_setup import HOUR, MINUTE, NOW, new_scene, other_tenant

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]
OTHER = "seven tall ladders"
LATER = NOW + 11 * MINUTE


async def test_setting_a_password_ends_all_other_sessions_links_and_the_former_token() -> None:
    scene = await new_scene()
    user = await scene.user("rosa")
    session = await with_password(scene, user)
    elsewhere = await signed_in((await try_password(scene, "rosa")).token)
    link = await signins.create_link(user.user_id, purpose="reset", by=scene.by, now=NOW)

    token = await credentials.set_password(session.operator, session.token, current=PASSWORD, password=OTHER, now=NOW)

    for former in (session.token, elsewhere.token):
        assert await signins.find_session(former, now=NOW) is None
    assert not await signins.peek_link(link, now=NOW)
    assert (await signed_in(token)).operator.session_id == session.operator.session_id
    assert (await try_password(scene, "rosa", OTHER)).stage == "session"
    told = [event.action for event in await events.list_events(scene.tenant.tenant_id, limit=20)]
    assert told.count("user:password:set") == told.count("user:password:changed") == 1


async def test_the_current_password_is_asked_for() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    later = await signed_in((await try_password(scene, "rosa", now=LATER)).token, now=LATER)
    assert session.operator.came_by_link(NOW)

    for current in ("", "wrong"):
        with pytest.raises(WrongProofError):
            await credentials.set_password(later.operator, later.token, current=current, password=OTHER, now=LATER)
    assert await credentials.set_password(later.operator, later.token, current=PASSWORD, password=OTHER, now=LATER)


async def test_changing_the_password_makes_no_session_fresh_where_there_is_a_second_factor() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    bare = await with_password(scene, await scene.user("vic"))
    await with_factor(session)
    later = await signed_in(session.token, now=LATER)

    token = await credentials.set_password(later.operator, later.token, current=PASSWORD, password=OTHER, now=LATER)
    bare_token = await credentials.set_password(
        (await signed_in(bare.token, now=LATER)).operator, bare.token, current=PASSWORD, password=OTHER, now=LATER
    )

    assert not (await signed_in(token, now=LATER)).operator.is_fresh(LATER)
    assert (await signed_in(bare_token, now=LATER)).operator.is_fresh(LATER)


async def test_the_current_password_cannot_be_guessed_in_an_open_browser() -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))
    found = await signed_in((await try_password(scene, "rosa")).token)

    for _ in range(FREE_TRIES["device"]):
        with pytest.raises(WrongProofError):
            await credentials.set_password(found.operator, found.token, current="wrong", password=OTHER, now=NOW)
    with pytest.raises(TooManyTriesError):
        await credentials.set_password(found.operator, found.token, current=PASSWORD, password=OTHER, now=NOW)


async def test_a_first_password_is_set_right_after_a_link_and_not_in_a_browser_found_open() -> None:
    scene = await new_scene()
    user = await scene.user("rosa")
    found = await signed_in((await by_link(scene, user)).token, now=LATER)

    with pytest.raises(InvalidError, match="new link"):
        await credentials.set_password(found.operator, found.token, current="", password=OTHER, now=LATER)


@pytest.mark.parametrize("password", ["short", "password1234", "rosa-rosa-2024", "x" * 129])
async def test_a_password_that_is_easy_to_guess_is_not_set(password: str) -> None:
    scene = await new_scene()
    user = await scene.user("rosa")
    found = await signed_in((await by_link(scene, user)).token)

    with pytest.raises(InvalidError) as refused:
        await credentials.set_password(found.operator, found.token, current="", password=password, now=NOW)

    assert refused.value.attribute == "password"
    assert (await credentials.get_credentials(scene.tenant.tenant_id, user.user_id)).password_set_at is None


async def test_what_a_user_has_is_known_in_their_tenant_alone() -> None:
    scene, other = await new_scene(), await other_tenant()
    user = await scene.user("rosa")
    bare = await credentials.get_credentials(scene.tenant.tenant_id, user.user_id)
    session = await with_password(scene, user)
    await with_factor(session)

    has = await credentials.get_credentials(scene.tenant.tenant_id, user.user_id)

    assert bare.is_bare
    assert (has.password_set_at, has.factor_since, has.recovery_left) == (NOW, NOW, 10)
    for tenant_id, user_id in ((other.tenant.tenant_id, user.user_id), (scene.tenant.tenant_id, UserId(new_id(NOW)))):
        with pytest.raises(NotFoundError):
            await credentials.get_credentials(tenant_id, user_id)


async def test_confirming_makes_the_session_fresh_under_a_new_token_and_keeps_form_tokens() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    stale = await signed_in(session.token, now=LATER)
    assert not stale.operator.is_fresh(LATER)

    token = await confirmation.confirm(stale.operator, stale.token, password=PASSWORD, code="", now=LATER)

    assert await signins.find_session(stale.token, now=LATER) is None
    found = await signed_in(token, now=LATER)
    assert found.operator.is_fresh(LATER)
    assert found.operator.csrf_key == session.operator.csrf_key
    assert found.operator.signed_in_at == NOW


async def test_whoever_has_both_shows_both() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    app, codes = await with_factor(session)

    for password, code in ((PASSWORD, ""), ("wrong", app.at(LATER)), ("", codes[0]), (PASSWORD, "000000")):
        with pytest.raises(WrongProofError):
            await confirmation.confirm(session.operator, session.token, password=password, code=code, now=LATER)
    assert await confirmation.confirm(session.operator, session.token, password=PASSWORD, code=app.at(LATER), now=LATER)


async def test_a_wrong_answer_uses_up_no_code() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    app, _ = await with_factor(session)
    code = app.at(LATER)

    with pytest.raises(WrongProofError):
        await confirmation.confirm(session.operator, session.token, password="wrong", code=code, now=LATER)
    token = await confirmation.confirm(session.operator, session.token, password=PASSWORD, code=code, now=LATER)
    found = await signed_in(token, now=LATER)
    with pytest.raises(WrongProofError):
        await confirmation.confirm(found.operator, token, password=PASSWORD, code=code, now=LATER)


async def test_whoever_has_only_links_needs_a_new_one() -> None:
    scene = await new_scene()
    found = await signed_in((await by_link(scene, await scene.user("rosa"))).token, now=LATER)

    with pytest.raises(InvalidError, match="new link"):
        await confirmation.confirm(found.operator, found.token, password="", code="", now=LATER)


async def test_a_session_found_open_cannot_be_confirmed_by_guessing() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))

    for _ in range(FREE_TRIES["device"]):
        with pytest.raises(WrongProofError):
            await confirmation.confirm(session.operator, session.token, password="wrong", code="", now=LATER)
    with pytest.raises(TooManyTriesError):
        await confirmation.confirm(session.operator, session.token, password=PASSWORD, code="", now=LATER)
    assert (await try_password(scene, "rosa", now=LATER)).stage == "session"


async def test_a_token_that_was_replaced_confirms_nothing() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    await confirmation.confirm(session.operator, session.token, password=PASSWORD, code="", now=LATER)

    with pytest.raises(Exception, match="instead of 1"):
        await confirmation.confirm(session.operator, session.token, password=PASSWORD, code="", now=LATER + STEP)
    assert LATER + STEP < NOW + HOUR
