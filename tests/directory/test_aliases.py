"""Former user names lead to their users for a while, and nobody else can have them."""

import contextlib
from datetime import timedelta

import msgspec
import pytest

from directory import (
    accounts,
    aliases,
    conversion_runs,
    conversions,
    credentials,
    events,
    graves,
    locks,
    managers,
    password_signins,
    person_export,
    profiles,
    signins,
    users,
)
from directory.accounts import AccountFilter
from directory.errors import AlreadyExistsError, MetError, TooManyTriesError, WrongProofError
from directory.model import JsonValue, User, UserAttributes, UserView
from directory.password_signins import Attempt
from directory.person import ENTERPRISE
from directory.query import And, Or, Query, Term, Window
from tests.directory.converting import confirmed, converted, current, operator, push, scanned, undone
from tests.directory.signing_in import HERE, PASSWORD, signed_in
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def renamed(world: World, *, alias_days: int = 90) -> User:
    """Return Ann, who was ``ann`` before the conversion."""
    by = await operator(world)
    ann = await push(world, "ann", "ann@example.org", displayName="Ann Archer")
    await converted(world, by, alias_days=alias_days)
    return ann


async def found_by(world: World, query: Query, *, limit: int = 10) -> list[UserView]:
    found = await users.list_users(world.tenant.tenant_id, world.source.source_id, query, Window(limit=limit))
    return found.things


def named(user_name: str) -> Term:
    return Term("userName", None, "eq", user_name)


async def test_a_source_finds_its_user_by_the_former_name_and_sees_the_new_one(world: World) -> None:
    ann = await renamed(world)
    active = Term("active", None, "eq", operand=True)
    for query in (named("ANN"), named("ann@example.org"), And((named("ann"), active))):
        (view,) = await found_by(world, query)
        assert (view.user_id, view.attributes.user_name) == (ann.user_id, "ann@example.org")
    assert await found_by(world, Term("userName", None, "sw", "ann@"))
    assert not await found_by(world, Term("userName", None, "ew", "ann"))


async def test_another_source_does_not_find_it(world: World) -> None:
    await renamed(world)
    found = await users.list_users(world.tenant.tenant_id, world.tenant.tenant_id, named("ann"), Window(limit=1))  # type: ignore[arg-type]  # an id of no source
    assert found.things == []


async def test_a_post_under_the_former_name_meets_its_user(world: World) -> None:
    await renamed(world)
    with pytest.raises(AlreadyExistsError, match="userName"):
        await users.create_user(
            UserAttributes({"userName": "Ann"}), by=world.client, now=world.tick(), revive_inactive=True
        )


async def test_a_post_under_the_former_name_revives_and_keeps_the_new_one(world: World) -> None:
    ann = await renamed(world)
    await users.edit_user(
        ann.user_id, lambda a: UserAttributes({**a.document, "active": False}), by=world.client, now=world.tick()
    )
    back, is_new = await users.create_user(
        UserAttributes({"userName": "ann", "externalId": "ext-ann", "active": True, "title": "Cook"}),
        by=world.client,
        now=world.tick(),
        revive_inactive=True,
    )
    assert (back.user_id, is_new) == (ann.user_id, False)
    assert (back.attributes.user_name, back.active, back.promoted.title) == ("ann@example.org", True, "Cook")


@pytest.mark.parametrize("external_id", ["ext-anna", None])
async def test_a_former_name_that_was_given_to_somebody_else_takes_nobody_over(
    world: World, external_id: str | None
) -> None:
    ann = await renamed(world)
    await users.edit_user(
        ann.user_id, lambda a: UserAttributes({**a.document, "active": False}), by=world.client, now=world.tick()
    )
    before = await current(ann)
    with pytest.raises(AlreadyExistsError, match="userName"):
        await users.create_user(
            UserAttributes({"userName": "ann", "externalId": external_id, "active": True, "displayName": "Anna"}),
            by=world.client,
            now=world.tick(),
            revive_inactive=True,
        )
    assert await current(ann) == before


async def test_whoever_brings_the_former_name_of_a_deleted_user_is_asked_about(world: World) -> None:
    ann = await renamed(world)
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())

    with pytest.raises(MetError):
        await push(world, "ann", externalId="ext-anna")

    back = await push(world, "ann", "ann@example.org")
    assert back.user_id == ann.user_id
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    world.now += timedelta(days=400)
    while await graves.purge_graves(now=world.tick()):
        pass
    assert (await push(world, "ann", externalId="ext-anna")).user_id != ann.user_id


async def test_references_to_a_manager_are_settled_again_when_a_former_name_ends(world: World) -> None:
    ann = await renamed(world)
    await _managed_by(world, "ann")
    await world.settle_references()
    assert await _reports_of(world, ann) == 1

    await aliases.end_aliases(now=world.now + timedelta(days=91))
    await world.settle_references()

    assert await _reports_of(world, ann) == 0
    waiting = await managers.list_waiting_managers(world.tenant.tenant_id, after=None, limit=5)
    assert [one.ref for one in waiting.waiting] == ["ann"]
    (told, *_) = await events.list_events(world.tenant.tenant_id, subject_id=ann.user_id, limit=5)
    assert (told.action, [one.old for one in told.changes]) == ("user:name:ended", ["ann"])


async def test_references_to_a_manager_are_settled_again_by_a_conversion_and_its_undo(world: World) -> None:
    by = await operator(world)
    ann = await push(world, "ann", "x@example.org", "ann@example.org")
    await push(world, "bob", "x@example.org")
    await _managed_by(world, "ann")
    await world.settle_references()
    assert await _reports_of(world, ann) == 1
    job = await scanned(world, by)
    await conversions.choose_name(job.job_id, ann.user_id, "anna@example.org", by=by, now=world.tick())
    job = await confirmed(world, by, job, alias_days=0)
    await conversion_runs.run_batch(job.tenant_id, job.job_id, now=world.tick())

    await world.settle_references()
    assert await _reports_of(world, ann) == 0
    await undone(world, by, job)
    await world.settle_references()
    assert await _reports_of(world, ann) == 1


async def _reports_of(world: World, user: User) -> int:
    found = await accounts.list_accounts(world.tenant.tenant_id, AccountFilter(manager_id=user.user_id), limit=9)
    return len(found.accounts)


async def test_either_of_two_names_is_found_the_former_one_too(world: World) -> None:
    ann = await renamed(world)
    ben = await push(world, "ben")
    found = await found_by(world, Or((named("ANN"), named("ben"))))
    assert {view.user_id for view in found} == {ann.user_id, ben.user_id}
    assert len(await found_by(world, Or((named("ann"), named("ann@example.org"))))) == 1


async def test_a_source_that_still_sends_the_former_name_does_not_take_the_new_one_back(world: World) -> None:
    ann = await renamed(world)
    after = await users.edit_user(
        ann.user_id,
        lambda a: UserAttributes({**a.document, "userName": "Ann", "title": "Cook"}),
        by=world.client,
        now=world.tick(),
    )
    assert (after.attributes.user_name, after.promoted.title) == ("ann@example.org", "Cook")
    unchanged = await users.edit_user(
        ann.user_id, lambda a: UserAttributes({**a.document, "userName": "ann"}), by=world.client, now=world.tick()
    )
    assert unchanged.version == after.version


async def test_a_third_name_is_the_sources_to_give(world: World) -> None:
    ann = await renamed(world)
    after = await users.edit_user(
        ann.user_id, lambda a: UserAttributes({**a.document, "userName": "anna"}), by=world.client, now=world.tick()
    )
    assert after.attributes.user_name == "anna"
    assert [view.user_id for view in await found_by(world, named("ann"))] == [ann.user_id]


async def test_a_plain_rename_by_the_source_leaves_no_former_name(world: World) -> None:
    ann = await world.push_user("ann")
    await users.edit_user(
        ann.user_id, lambda a: UserAttributes({**a.document, "userName": "anna"}), by=world.client, now=world.tick()
    )
    assert await aliases.list_aliases(world.tenant.tenant_id, ann.user_id) == []
    await push(world, "ann@example.org")


async def test_nobody_else_can_have_a_former_name(world: World) -> None:
    await renamed(world)
    ben = await push(world, "ben")
    with pytest.raises(AlreadyExistsError):
        await push(world, "ANN")
    with pytest.raises(AlreadyExistsError):
        await users.edit_user(
            ben.user_id, lambda a: UserAttributes({**a.document, "userName": "ann"}), by=world.client, now=world.tick()
        )
    with pytest.raises(AlreadyExistsError):
        await locks.create_local_user("ann", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick())


async def test_a_former_name_ends_in_its_time(world: World) -> None:
    ann = await renamed(world)
    (alias,) = await aliases.list_aliases(world.tenant.tenant_id, ann.user_id)
    assert alias.user_name == "ann"
    assert not await aliases.has_ended(alias.until - timedelta(seconds=1))

    assert await aliases.has_ended(alias.until)
    assert await aliases.end_aliases(now=alias.until) == 1

    assert await found_by(world, named("ann")) == []
    await push(world, "ann", externalId="ext-another")


async def test_whoever_is_deleted_leaves_the_former_names(world: World) -> None:
    ann = await renamed(world)
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    assert await aliases.list_aliases(world.tenant.tenant_id, ann.user_id) == []
    back = await push(world, "ann", "ann@example.org")
    assert (back.user_id, back.attributes.user_name) == (ann.user_id, "ann")


async def test_sub_accounts_finds_by_the_former_name(world: World) -> None:
    by = await operator(world)
    await push(world, "xq-4711", "ann@example.org", displayName="Ann Archer")
    await converted(world, by)
    for text in ("xq", "4711", "XQ-4711"):
        found, _ = await accounts.list_some(world.tenant.tenant_id, text, limit=5)
        assert [one.display_name for one in found] == ["Ann Archer"]
    assert (await accounts.count_up_to(world.tenant.tenant_id, AccountFilter(text="xq archer"))).found == 0


async def test_a_manager_is_found_by_the_former_name(world: World) -> None:
    ann = await renamed(world)
    found = await profiles.read_profile(world.tenant.tenant_id, await _managed_by(world, "ann"))
    assert [one.user_id for one in found.managers] == [ann.user_id]


async def _managed_by(world: World, ref: str) -> User:
    managed: dict[str, JsonValue] = {ENTERPRISE: {"manager": {"value": ref}}}
    return await world.push_user("ben", **managed)


async def local_with_password(world: World) -> User:
    """Create a local viewer named otto, with an e-mail and a password."""
    otto = await locks.create_local_user(
        "otto",
        email="otto@example.org",
        role_id=world.roles["viewer"].role_id,
        by=world.system,
        now=world.tick(),
    )
    link = await signins.create_link(otto.user_id, by=world.system, now=world.tick())
    entry = await signins.redeem_link(link, visitor=HERE, now=world.tick())
    session = await signed_in(entry.token, now=world.tick())
    await credentials.set_password(session.operator, session.token, current="", password=PASSWORD, now=world.tick())
    return otto


async def try_name(world: World, name: str, password: str = PASSWORD) -> str:
    attempt = Attempt(slug=world.tenant.slug, user_name=name, password=password)
    return (await password_signins.sign_in(attempt, HERE, now=world.tick())).stage


async def test_the_former_name_signs_in_until_it_ends(world: World) -> None:
    otto = await local_with_password(world)
    await converted(world, await operator(world))
    assert (await current(otto)).attributes.user_name == "otto@example.org"

    assert [await try_name(world, name) for name in ("Otto", "otto@example.org")] == ["session", "session"]

    await aliases.end_aliases(now=world.now + timedelta(days=91))
    with pytest.raises(WrongProofError):
        await try_name(world, "otto")


async def test_a_former_name_is_no_second_lot_of_tries(world: World) -> None:
    await local_with_password(world)
    await converted(world, await operator(world))
    for _ in range(50):
        with contextlib.suppress(WrongProofError, TooManyTriesError):
            await try_name(world, "otto@example.org", "a wrong one")
    for name in ("otto", "a name that nobody has"):  # nothing tells them apart
        with pytest.raises(WrongProofError):
            await try_name(world, name)


async def test_a_former_name_is_part_of_what_is_kept_of_a_person(world: World) -> None:
    ann = await renamed(world)
    by = await operator(world, name="olga")
    pieces = [piece async for piece in person_export.each_piece(ann.user_id, by=by, now=world.tick())]
    told = msgspec.json.decode(b"".join(pieces))
    assert [one["user_name"] for one in told["former_user_names"]] == ["ann"]
