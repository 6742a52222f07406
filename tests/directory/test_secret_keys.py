from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from anyio import create_task_group

from directory import callers, events, secret_keys, sources, traffic
from directory.errors import ForbiddenError, InvalidError, NotFoundError, UnknownSecretError
from directory.ids import new_id
from directory.model import SecretId, SecretKey, SourceId
from directory.noted import noted
from directory.secret_keys import IssuedSecret
from directory.tokens import checksum_for, digest_of, new_secret_token
from tests.directory.tenant_setup import DAY, HOUR, MINUTE, NOW, SECOND, Scene, new_scene, other_tenant

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store", "forgetful")]


@pytest.fixture
def forgetful() -> None:
    """Nothing is left of earlier tests in this process."""
    callers.forget()
    noted.clear()


async def fault_of(token: str, *, now: datetime) -> str:
    with pytest.raises(UnknownSecretError) as caught:
        await secret_keys.recognise(token, now=now)
    return caught.value.fault


async def rotate(scene: Scene, issued: IssuedSecret, *, now: datetime, overlap: timedelta) -> IssuedSecret:
    source_id = issued.secret.source_id
    return await secret_keys.issue_secret(source_id, label="next", overlap=overlap, by=scene.by, now=now)


async def test_an_issued_secret_is_recognised_as_its_source() -> None:
    scene = await new_scene()
    source = await scene.source()
    issued = await scene.secret(source, label="Entra app")
    caller = await secret_keys.recognise(issued.token, now=NOW)
    assert (caller.tenant, caller.source, caller.secret_id) == (scene.tenant, source, issued.secret.secret_id)
    assert issued.secret.expires_at == NOW + 180 * DAY
    assert issued.secret.last_four == issued.token[-4:]
    assert issued.secret.created_by == "command line"
    assert await secret_keys.list_secrets(scene.tenant.tenant_id, source.source_id) == [issued.secret]


async def test_the_token_is_kept_nowhere() -> None:
    scene = await new_scene()
    issued = await scene.secret(await scene.source())
    assert issued.token not in repr(issued)
    told = await events.list_events(scene.tenant.tenant_id, limit=10)
    assert issued.token not in repr(told)
    assert issued.token[17:-6] not in repr(told)


@pytest.mark.parametrize("token", ["", "Bearer x", "rbk_s_", "\udcff" * 66, "x" * 300])
async def test_what_is_no_token_is_refused_without_asking_the_database(token: str) -> None:
    assert await fault_of(token, now=NOW) == "malformed"


async def test_an_unknown_token_is_refused() -> None:
    with pytest.raises(UnknownSecretError) as caught:
        await secret_keys.recognise(new_secret_token().text, now=NOW)
    assert (caught.value.fault, caught.value.tenant_id, caught.value.secret_id) == ("unknown", None, None)


async def test_a_wrong_secret_under_a_known_public_id_is_refused_and_attributed() -> None:
    scene = await new_scene()
    issued = await scene.secret(await scene.source())
    forged = issued.token[:17] + new_secret_token().text[17:-6]
    with pytest.raises(UnknownSecretError) as caught:
        await secret_keys.recognise(forged + checksum_for(forged), now=NOW)
    assert caught.value.fault == "unknown"
    assert caught.value.tenant_id == scene.tenant.tenant_id
    assert caught.value.source_id == issued.secret.source_id
    assert caught.value.secret_id == issued.secret.secret_id


async def test_a_secret_expires() -> None:
    scene = await new_scene()
    source = await scene.source()
    issued = await secret_keys.issue_secret(source.source_id, label="", lifetime=DAY, by=scene.by, now=NOW)
    assert (await secret_keys.recognise(issued.token, now=NOW + DAY - SECOND / 2)).source == source
    assert await fault_of(issued.token, now=NOW + DAY) == "expired"


async def test_rotating_voids_the_old_secret_at_once_by_default() -> None:
    scene = await new_scene()
    old = await scene.secret(await scene.source())
    await secret_keys.recognise(old.token, now=NOW)
    new = await rotate(scene, old, now=NOW, overlap=timedelta(0))
    assert await fault_of(old.token, now=NOW) == "revoked"
    assert (await secret_keys.recognise(new.token, now=NOW)).secret_id == new.secret.secret_id


async def test_rotating_with_overlap_lets_the_old_secret_retire() -> None:
    scene = await new_scene()
    old = await scene.secret(await scene.source())
    new = await rotate(scene, old, now=NOW, overlap=HOUR)
    listed = await secret_keys.list_secrets(scene.tenant.tenant_id, new.secret.source_id)
    assert [secret.state(NOW) for secret in listed] == ["active", "retiring"]
    await secret_keys.recognise(old.token, now=NOW + HOUR - SECOND)
    assert await fault_of(old.token, now=NOW + HOUR) == "expired"
    await secret_keys.recognise(new.token, now=NOW + HOUR)


async def test_at_most_two_secrets_are_valid() -> None:
    scene = await new_scene()
    issued = [await scene.secret(await scene.source())]
    for step in range(3):
        issued.append(await rotate(scene, issued[-1], now=NOW + step * MINUTE, overlap=24 * HOUR))
    listed = await secret_keys.list_secrets(scene.tenant.tenant_id, issued[0].secret.source_id)
    assert [secret.state(NOW + 2 * MINUTE) for secret in listed] == ["active", "retiring", "revoked", "revoked"]


async def test_a_secret_that_ran_out_makes_room_for_a_new_one() -> None:
    scene = await new_scene()
    source = await scene.source()
    old = await secret_keys.issue_secret(source.source_id, label="", lifetime=DAY, by=scene.by, now=NOW)
    await rotate(scene, old, now=NOW + 2 * DAY, overlap=HOUR)
    listed = await secret_keys.list_secrets(scene.tenant.tenant_id, source.source_id)
    assert [secret.state(NOW + 2 * DAY) for secret in listed] == ["active", "expired"]


async def test_two_who_rotate_at_once_leave_one_active_secret() -> None:
    scene = await new_scene()
    old = await scene.secret(await scene.source())
    async with create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(lambda: rotate(scene, old, now=NOW, overlap=timedelta(0)))
    listed = await secret_keys.list_secrets(scene.tenant.tenant_id, old.secret.source_id)
    states = [secret.state(NOW) for secret in listed]
    assert (states.count("active"), states.count("revoked")) == (1, 4)


async def test_a_revoked_secret_opens_nothing_from_then_on() -> None:
    scene = await new_scene()
    issued = await scene.secret(await scene.source())
    await secret_keys.recognise(issued.token, now=NOW)
    await secret_keys.revoke_secret(issued.secret.secret_id, by=scene.by, now=NOW)
    assert await fault_of(issued.token, now=NOW) == "revoked"


async def test_another_process_notices_a_revocation_within_a_second() -> None:
    scene = await new_scene()
    issued = await scene.secret(await scene.source())
    caller = await secret_keys.recognise(issued.token, now=NOW)
    await secret_keys.revoke_secret(issued.secret.secret_id, by=scene.by, now=NOW)
    # What this process remembered before, as one would that did not revoke.
    digest = digest_of(issued.token)
    callers.remember(digest, caller, now=NOW, valid_until=NOW + DAY, read_in=callers.generation())
    assert await secret_keys.recognise(issued.token, now=NOW + 0.9 * SECOND) == caller
    assert await fault_of(issued.token, now=NOW + SECOND) == "revoked"


async def test_an_answer_that_was_read_before_a_revocation_is_not_remembered() -> None:
    scene = await new_scene()
    caller = await secret_keys.recognise((await scene.secret(await scene.source())).token, now=NOW)
    read_in = callers.generation()
    callers.forget()
    callers.remember("digest", caller, now=NOW, valid_until=NOW + DAY, read_in=read_in)
    assert callers.recall("digest", now=NOW) is None


async def test_what_is_remembered_is_bounded_and_ends_with_the_secret() -> None:
    scene = await new_scene()
    caller = await secret_keys.recognise((await scene.secret(await scene.source())).token, now=NOW)
    for number in range(callers.COUNT_MAX + 10):
        callers.remember(str(number), caller, now=NOW, valid_until=NOW + SECOND / 2, read_in=callers.generation())
    assert callers.recall("0", now=NOW) is None
    last = str(callers.COUNT_MAX + 9)
    assert callers.recall(last, now=NOW) == caller
    assert callers.recall(last, now=NOW + SECOND / 2) is None
    assert callers.recall(last, now=NOW - SECOND) is None


async def test_a_changed_setting_reaches_the_next_caller_of_this_process() -> None:
    scene = await new_scene()
    source = await scene.source()
    issued = await scene.secret(source)
    await secret_keys.recognise(issued.token, now=NOW)
    await sources.edit_settings(source.source_id, {"patch_response": "body"}, by=scene.by, now=NOW)
    caller = await secret_keys.recognise(issued.token, now=NOW)
    assert caller.source.settings.patch_response == "body"


async def test_deeds_are_told_with_the_source() -> None:
    scene = await new_scene()
    first = await scene.secret(await scene.source(), label="first")
    second = await rotate(scene, first, now=NOW, overlap=HOUR)
    await secret_keys.revoke_secret(second.secret.secret_id, by=scene.by, now=NOW)
    await secret_keys.revoke_secret(second.secret.secret_id, by=scene.by, now=NOW)
    told = await events.list_events(scene.tenant.tenant_id, subject_id=first.secret.source_id, limit=10)
    assert [event.action for event in told] == [
        "source:secret:revoked",
        "source:secret:rotated",
        "source:secret:issued",
        "source:created",
    ]
    changed = {change.name: (change.old, change.new) for change in told[1].changes}
    assert changed["secret"] == (f"first (…{first.secret.last_four})", f"next (…{second.secret.last_four})")
    assert changed["retiring_until"] == (None, (NOW + HOUR).isoformat())


@pytest.mark.parametrize(
    ("terms", "named"),
    [
        ({"lifetime": HOUR}, "lifetime"),
        ({"lifetime": 366 * DAY}, "lifetime"),
        ({"overlap": 2 * HOUR}, "overlap"),
        ({"overlap": -HOUR}, "overlap"),
        ({"label": "x" * 201}, "label"),
        ({"label": "a\0b"}, "label"),
    ],
)
async def test_terms_that_are_not_offered_are_refused_by_name(terms: dict[str, timedelta], named: str) -> None:
    scene = await new_scene()
    source = await scene.source()
    with pytest.raises(InvalidError) as caught:
        await secret_keys.issue_secret(source.source_id, **{"label": "", "by": scene.by, "now": NOW, **terms})  # type: ignore[arg-type]  # one wrong at a time
    assert caught.value.attribute == named
    assert await secret_keys.list_secrets(scene.tenant.tenant_id, source.source_id) == []


async def test_sources_and_secrets_of_another_tenant_are_not_found() -> None:
    scene, other = await new_scene(), await other_tenant()
    issued = await other.secret(await other.source())
    for source_id in (issued.secret.source_id, SourceId(new_id(NOW))):
        with pytest.raises(NotFoundError):
            await secret_keys.issue_secret(source_id, label="", by=scene.by, now=NOW)
        assert await secret_keys.list_secrets(scene.tenant.tenant_id, source_id) == []
    for secret_id in (issued.secret.secret_id, SecretId(new_id(NOW))):
        with pytest.raises(NotFoundError):
            await secret_keys.revoke_secret(secret_id, by=scene.by, now=NOW)
    assert (await secret_keys.recognise(issued.token, now=NOW)).tenant == other.tenant


async def test_secrets_need_the_permission() -> None:
    scene = await new_scene()
    source = await scene.source()
    issued = await scene.secret(source)
    manager = replace(scene.by, kind="operator", permissions=frozenset({"portal:view", "users:manage"}))
    deeds = (
        lambda: secret_keys.issue_secret(source.source_id, label="", by=manager, now=NOW),
        lambda: secret_keys.revoke_secret(issued.secret.secret_id, by=manager, now=NOW),
    )
    for deed in deeds:
        with pytest.raises(ForbiddenError):
            await deed()


async def test_use_is_written_at_most_once_a_minute() -> None:
    scene = await new_scene()
    source = await scene.source()
    caller = await secret_keys.recognise((await scene.secret(source)).token, now=NOW)

    async def use(second: int) -> SecretKey:
        at = NOW + second * SECOND
        secret_keys.note_use(caller, at=at, network=f"198.51.{second}.0/24", software="entra\0 1.0")
        await traffic.flush(now=at)
        return (await secret_keys.list_secrets(scene.tenant.tenant_id, source.source_id))[0]

    assert [(await use(second)).last_used_at for second in (0, 5, 59)] == [NOW, NOW, NOW]
    used = await use(61)
    assert used.last_used_at == NOW + 61 * SECOND
    assert (used.last_used_from, used.last_used_software) == ("198.51.61.0/24", "entra\ufffd 1.0")
    asked = await sources.get_source(scene.tenant.tenant_id, source.source_id)
    assert asked.last_request_at == NOW + 61 * SECOND


async def test_an_older_use_never_replaces_a_newer_one() -> None:
    scene = await new_scene()
    source = await scene.source()
    caller = await secret_keys.recognise((await scene.secret(source)).token, now=NOW)
    for at in (NOW + HOUR, NOW):
        secret_keys.note_use(caller, at=at, network="", software="")
        await traffic.flush(now=NOW + HOUR + (at == NOW) * HOUR)
    (secret,) = await secret_keys.list_secrets(scene.tenant.tenant_id, source.source_id)
    assert secret.last_used_at == NOW + HOUR
