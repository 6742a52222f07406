"""What a browser keeps of a sign-in, so that it gets through while strangers guess at its account."""

import pytest

from directory import credentials
from directory.errors import TooManyTriesError, WrongProofError
from directory.throttling import FREE_TRIES
from tests.directory.signing_in import try_password, with_password
from tests.directory.tenant_setup import DAY, NOW, SECOND, new_scene
from tests.directory.test_password_signins import exhausted

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


async def test_a_browser_that_signed_in_before_gets_through_while_strangers_guess() -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))
    device = (await try_password(scene, "rosa")).device
    assert device is not None
    await exhausted(scene, "rosa")

    assert (await try_password(scene, "rosa", device=device)).stage == "session"
    with pytest.raises(TooManyTriesError):
        await try_password(scene, "rosa")


async def test_what_a_browser_kept_is_good_for_its_account_alone_and_cannot_be_made_up() -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))
    await with_password(scene, await scene.user("ann", role="viewer"))
    device = (await try_password(scene, "ann")).device
    assert device is not None
    await exhausted(scene, "rosa")

    for made_up in (device, device.replace(device[:4], "0000"), f"{'0' * 32}.{'0' * 64}", "x", "\udcff"):
        with pytest.raises(TooManyTriesError):
            await try_password(scene, "rosa", device=made_up)


async def test_what_a_browser_kept_ends_after_half_a_year() -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))
    device = (await try_password(scene, "rosa")).device
    assert device is not None
    over = NOW + 180 * DAY
    await exhausted(scene, "rosa", now=over - SECOND)

    assert (await try_password(scene, "rosa", device=device, now=over - SECOND)).stage == "session"
    with pytest.raises(TooManyTriesError):
        await try_password(scene, "rosa", device=device, now=over)


async def test_what_a_browser_kept_ends_with_the_password() -> None:
    scene = await new_scene()
    session = await with_password(scene, await scene.user("rosa"))
    device = (await try_password(scene, "rosa")).device
    assert device is not None
    await credentials.set_password(
        session.operator, session.token, current="", password="seven tall ladders", now=NOW + SECOND
    )
    await exhausted(scene, "rosa")

    with pytest.raises(TooManyTriesError):
        await try_password(scene, "rosa", "seven tall ladders", device=device, now=NOW + SECOND)


async def test_a_browser_that_was_stolen_may_not_guess_for_ever() -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))
    device = (await try_password(scene, "rosa")).device
    assert device is not None

    for _ in range(FREE_TRIES["device"]):
        with pytest.raises(WrongProofError):
            await try_password(scene, "rosa", "wrong", device=device)
    with pytest.raises(TooManyTriesError):
        await try_password(scene, "rosa", device=device)
    assert (await try_password(scene, "rosa")).stage == "session"
