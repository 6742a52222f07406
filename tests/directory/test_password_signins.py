"""Signing in with a password, from outside: what it opens, and what it never tells."""

from datetime import datetime

import pytest
from anyio import create_task_group

from directory import access_roles, credentials, events, locks, password_signins, signin_steps, signins, users
from directory.errors import NoEntryError, TooManyTriesError, WrongProofError
from directory.model import UserAttributes
from directory.password_signins import Attempt
from directory.store.tenancy import HOUSE
from directory.store.unit import Engine
from directory.throttling import FREE_TRIES
from directory.visitor import Visitor
from tests.directory.counting import counted_statements
from tests.directory.signing_in import HERE, OUTSIDE, PASSWORD, by_link, signed_in, try_password, with_password
from tests.directory.tenant_setup import DAY, MINUTE, NOW, SECOND, Scene, new_scene, other_tenant

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


async def refusals(scene: Scene) -> list[str]:
    told = await events.list_events(scene.tenant.tenant_id, limit=100)
    return [event.action for event in told if event.action.endswith("signin:refused")]


async def test_the_right_password_opens_a_session_with_a_new_token() -> None:
    scene = await new_scene()
    former = await with_password(scene, await scene.user("rosa", role="viewer"))

    entry = await try_password(scene, " ROSA ")
    found = await signed_in(entry.token)

    assert (entry.stage, entry.slug) == ("session", scene.tenant.slug)
    assert entry.token != former.token
    assert (found.operator.way, found.operator.second_factor) == ("password", False)
    assert found.operator.is_fresh(NOW)
    assert found.operator.user.user_id == former.operator.user.user_id


async def test_the_password_is_kept_as_a_slow_hash_only(store: Engine) -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))

    (row,) = await store.fetch("SELECT * FROM password_row", scope=HOUSE)
    assert PASSWORD not in repr(dict(row))
    assert row["hash"].startswith("$argon2id$")


@pytest.mark.parametrize(
    ("user_name", "password"),
    [("rosa", "wrong"), ("rosa", ""), ("rosa", PASSWORD + " "), ("bob", PASSWORD), ("nobody", PASSWORD), ("", "")],
)
async def test_a_wrong_password_and_a_user_who_is_not_there_are_refused_alike(user_name: str, password: str) -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))
    await scene.user("bob")

    with pytest.raises(WrongProofError) as refused:
        await try_password(scene, user_name, password)

    assert str(refused.value) == "the user name or the password is not right"
    assert len(await refusals(scene)) == 1


async def test_the_same_work_is_done_for_a_user_who_is_not_there(store: Engine) -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))
    await scene.user("bob")
    ran: list[list[str]] = []

    for name in ("rosa", "bob", "nobody"):
        with counted_statements(store) as counted, pytest.raises(WrongProofError):
            await try_password(scene, name, "wrong", visitor=Visitor(network=f"192.0.2.{len(name)}"))
        ran.append(counted.texts)

    assert ran[0] == ran[1] == ran[2]


@pytest.mark.parametrize("text", ["\0", "\udcff", "é" * 600, "x" * 60_000, "' OR 1=1 --"])
async def test_whatever_is_typed_is_refused_and_no_fault(text: str) -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))

    for attempt in (
        Attempt(slug=scene.tenant.slug, user_name=text, password="x"),
        Attempt(slug=scene.tenant.slug, user_name="rosa", password=text.replace("\udcff", "")),
        Attempt(slug=text, user_name="rosa", password=PASSWORD, device=text),
    ):
        with pytest.raises(WrongProofError):
            await password_signins.sign_in(attempt, HERE, now=NOW)


async def test_a_password_is_of_one_tenant() -> None:
    scene, other = await new_scene(), await other_tenant()
    await with_password(scene, await scene.user("rosa"))
    await other.user("rosa")

    with pytest.raises(WrongProofError):
        await try_password(other, "rosa")
    assert (await try_password(scene, "rosa")).slug == scene.tenant.slug


async def test_a_disabled_user_is_told_so_after_the_right_password_only() -> None:
    scene = await new_scene()
    source = await scene.source()
    await scene.user("boss")
    user = await scene.pushed_user(source)
    await with_password(scene, user)
    gone = UserAttributes({**user.attributes.document, "active": False})
    await users.edit_user(user.user_id, lambda _: gone, by=scene.feed(source), now=NOW)

    with pytest.raises(NoEntryError, match="disabled"):
        await try_password(scene, "ann")
    with pytest.raises(WrongProofError):
        await try_password(scene, "ann", "wrong")

    why = [
        change.new
        for event in await events.list_events(scene.tenant.tenant_id, subject_id=user.user_id, limit=10)
        if event.action == "user:signin:refused"
        for change in event.changes
        if change.name == "why"
    ]
    assert why == ["wrong password", "disabled"]


async def test_a_leaver_who_returns_signs_in_again() -> None:
    scene = await new_scene()
    source = await scene.source()
    await scene.user("boss")
    user = await scene.pushed_user(source)
    await with_password(scene, user)
    for active in (False, True):
        edited = UserAttributes({**user.attributes.document, "active": active})
        await users.edit_user(user.user_id, lambda _, edited=edited: edited, by=scene.feed(source), now=NOW)  # type: ignore[misc]  # the default binds

    assert (await try_password(scene, "ann")).stage == "session"


async def test_who_was_deleted_has_no_password_when_they_come_back(store: Engine) -> None:
    scene = await new_scene()
    source = await scene.source()
    await scene.user("boss")
    user = await scene.pushed_user(source)
    await with_password(scene, user)

    await users.delete_user(user.user_id, by=scene.feed(source), now=NOW)

    assert await store.fetch("SELECT * FROM password_row", scope=HOUSE) == []
    with pytest.raises(WrongProofError):
        await try_password(scene, "ann")


async def test_a_role_without_a_login_is_told_after_the_right_password() -> None:
    scene = await new_scene()
    await scene.user("boss")
    user = await scene.user("ann")
    await with_password(scene, user)
    await locks.lock_role(user.user_id, scene.tenant.default_role_id, reason="left", until=None, by=scene.by, now=NOW)

    with pytest.raises(NoEntryError, match="Loanee has no sign-in"):
        await try_password(scene, "ann")


async def test_of_two_hundred_guesses_at_once_five_are_looked_at() -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))
    seen: list[type[Exception]] = []

    async def guess(number: int) -> None:
        try:
            await try_password(scene, "rosa", f"guess {number}", visitor=Visitor(network=f"192.0.{number}.0/24"))
        except (WrongProofError, TooManyTriesError) as error:
            seen.append(type(error))

    async with create_task_group() as tasks:
        for number in range(200):
            tasks.start_soon(guess, number)

    assert seen.count(WrongProofError) <= FREE_TRIES["account"]
    assert len(seen) == 200
    assert len(await refusals(scene)) == seen.count(WrongProofError)


async def exhausted(scene: Scene, user_name: str, *, now: datetime = NOW) -> TooManyTriesError:
    """Guess until guesses are not looked at any more."""
    for _ in range(FREE_TRIES["account"]):
        with pytest.raises(WrongProofError):
            await try_password(scene, user_name, "wrong", now=now, visitor=Visitor(network="203.0.113.0/24"))
    with pytest.raises(TooManyTriesError) as closed:
        await try_password(scene, user_name, now=now, visitor=Visitor(network="203.0.113.0/24"))
    return closed.value


@pytest.mark.parametrize("user_name", ["rosa", "nobody"])
async def test_after_five_guesses_not_even_the_right_password_is_looked_at_for_a_while(user_name: str) -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))

    closed = await exhausted(scene, user_name)

    assert closed.open_at == NOW + 30 * SECOND


async def test_when_the_pause_is_over_the_right_password_counts_and_forgets_the_guesses() -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))
    closed = await exhausted(scene, "rosa")

    await try_password(scene, "rosa", now=closed.open_at)
    for _ in range(FREE_TRIES["account"] - 1):
        with pytest.raises(WrongProofError):
            await try_password(scene, "rosa", "wrong", now=closed.open_at)
    assert (await try_password(scene, "rosa", now=closed.open_at)).stage == "session"


async def test_whoever_comes_from_no_known_network_is_counted_as_one() -> None:
    scene = await new_scene()
    for number in range(FREE_TRIES["network"]):
        with pytest.raises(WrongProofError):
            await try_password(scene, f"user{number}", "Winter2024!", visitor=Visitor())
    with pytest.raises(TooManyTriesError):
        await try_password(scene, "one more", "Winter2024!", visitor=Visitor())
    with pytest.raises(WrongProofError):
        await try_password(scene, "one more", "Winter2024!")


async def test_one_network_may_not_try_one_password_with_every_name() -> None:
    scene = await new_scene()
    for number in range(FREE_TRIES["network"]):
        with pytest.raises(WrongProofError):
            await try_password(scene, f"user{number}", "Winter2024!")
    with pytest.raises(TooManyTriesError):
        await try_password(scene, "one more", "Winter2024!")


async def test_counters_are_forgotten_after_a_day(store: Engine) -> None:
    scene = await new_scene()
    await exhausted(scene, "rosa")
    assert await signin_steps.prune_signins(now=NOW + DAY - SECOND, limit=100) == 0
    assert await signin_steps.prune_signins(now=NOW + DAY + SECOND, limit=100) > 0
    assert await store.fetch("SELECT * FROM throttle_row", scope=HOUSE) == []


async def test_counters_hold_nothing_that_was_typed(store: Engine) -> None:
    scene = await new_scene()
    with pytest.raises(WrongProofError):
        await try_password(scene, "my-secret-typed-as-name", "x")

    rows = [dict(row) for row in await store.fetch("SELECT * FROM throttle_row", scope=HOUSE)]
    told = await events.list_events(scene.tenant.tenant_id, limit=10)
    assert len(rows) == 3
    assert "my-secret" not in repr(rows)
    assert "my-secret" not in repr(told)


async def test_a_session_opened_with_an_old_password_does_not_outlive_it() -> None:
    scene = await new_scene()
    user = await scene.user("rosa")
    session = await with_password(scene, user)
    other = await signed_in((await try_password(scene, "rosa")).token)
    await credentials.set_password(
        session.operator, session.token, current=PASSWORD, password="seven tall ladders", now=NOW
    )

    assert await signins.find_session(other.token, now=NOW) is None
    with pytest.raises(WrongProofError):
        await try_password(scene, "rosa")


async def test_beyond_this_machine_a_privileged_role_needs_a_second_factor_first() -> None:
    scene = await new_scene()
    await with_password(scene, await scene.user("rosa"))
    await with_password(scene, await scene.user("vic", role="viewer"))

    assert (await try_password(scene, "rosa", visitor=OUTSIDE)).stage == "enrolment"
    assert (await try_password(scene, "vic", visitor=OUTSIDE)).stage == "session"
    assert (await try_password(scene, "rosa", visitor=HERE)).stage == "session"


async def test_a_link_asks_for_the_second_factor_as_a_password_does() -> None:
    scene = await new_scene()

    entry = await by_link(scene, await scene.user("rosa"), visitor=OUTSIDE)

    assert entry.stage == "enrolment"
    assert await signins.find_session(entry.token, now=NOW) is None


async def test_a_session_does_not_survive_a_promotion() -> None:
    scene = await new_scene()
    user = await scene.user("vic", role="viewer")
    session = await with_password(scene, user)
    boss = await scene.user("boss")
    await locks.lock_role(user.user_id, boss.decision.role_id, reason="promoted", until=None, by=scene.by, now=NOW)

    assert await signins.find_session(session.token, now=NOW) is None
    anew = await signed_in((await try_password(scene, "vic")).token)
    assert anew.operator.role.privileged


async def test_a_session_that_goes_on_with_less_does_not_come_back_to_more() -> None:
    scene = await new_scene()
    await scene.user("boss")
    user = await scene.user("vic", role="user_manager")
    session = await with_password(scene, user)
    viewer = await access_roles.find_role(scene.tenant.tenant_id, "viewer")
    assert viewer is not None
    await locks.lock_role(user.user_id, viewer.role_id, reason="less", until=None, by=scene.by, now=NOW)
    found = await signed_in(session.token)

    assert found.operator.has_new_role
    renewed = await signins.renew_session(found.operator, found.token, now=NOW + MINUTE)
    again = await signed_in(renewed, now=NOW + MINUTE)
    assert await signins.find_session(session.token, now=NOW + MINUTE) is None
    assert not again.operator.has_new_role
    assert again.operator.csrf_key == found.operator.csrf_key
    await locks.lock_role(user.user_id, user.decision.role_id, reason="more", until=None, by=scene.by, now=NOW)
    assert await signins.find_session(renewed, now=NOW + MINUTE) is None
