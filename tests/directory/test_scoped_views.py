"""Looking into a tenant below: who may, for how long, what both tenants are told, and what ends it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory import (
    access_roles,
    alert_recipients,
    events,
    locks,
    mappings,
    schedules,
    scoped_view_consents,
    scoped_view_ends,
    scoped_views,
    secret_keys,
    signins,
    status,
    users,
    webhooks,
)
from directory.errors import ForbiddenError, GuestError, InvalidError, NotFoundError
from directory.model import PERMISSIONS
from directory.operators import Operator, find_actor
from directory.scoped_views import ViewOverError
from directory.store.unit import Engine
from tests.directory import scheduling
from tests.directory.looking_in import (
    HERE,
    Family,
    actor,
    again,
    create_below,
    create_family,
    deeds_in,
    opened,
    seen,
    sign_in,
)
from tests.directory.world import create_world

pytestmark = pytest.mark.anyio


@pytest.fixture
async def family(store: Engine) -> Family:
    assert store is not None
    return await create_family()


async def test_nobody_looks_in_without_opening_it(family: Family) -> None:
    diaz, _ = await sign_in(family.home)

    with pytest.raises(NotFoundError) as there:
        await seen(family, diaz)
    with pytest.raises(NotFoundError) as nowhere:
        await scoped_views.find_view(diaz, "no-such", now=family.home.tick())

    assert {type(there.value), type(nowhere.value)} == {NotFoundError}


async def test_a_view_shows_the_tenant_below_with_the_own_role(family: Family) -> None:
    diaz, _ = await sign_in(family.home)

    await opened(family, diaz)
    guest = await seen(family, diaz)

    assert guest.tenant.slug == "bristol"
    assert guest.role.permissions == frozenset(PERMISSIONS)
    assert guest.own is diaz
    assert actor(guest).label == "Diaz (Acme)"
    assert actor(guest).visiting
    assert actor(guest).tenant_id == family.below.tenant.tenant_id


async def test_looking_only_carries_nothing_that_changes(family: Family) -> None:
    viewer, _ = await sign_in(family.home, "viewer")

    await opened(family, viewer, "look")

    assert (await seen(family, viewer)).role.permissions == {"portal:view"}


async def test_changing_needs_the_permission_at_home(family: Family) -> None:
    manager, _ = await sign_in(family.home, "user_manager")

    with pytest.raises(ForbiddenError):
        await opened(family, manager, "act")
    await opened(family, manager, "look")

    assert (await seen(family, manager)).role.permissions == {"portal:view"}


async def test_a_reason_is_needed(family: Family) -> None:
    diaz, _ = await sign_in(family.home)

    with pytest.raises(InvalidError, match="reason"):
        await opened(family, diaz, reason="  ")


async def test_only_tenants_below_are_opened(family: Family) -> None:
    diaz, _ = await sign_in(family.home)
    elsewhere = await create_world("elsewhere")

    for tenant in (elsewhere.tenant, family.home.tenant):
        with pytest.raises(NotFoundError):
            await scoped_views.ask_view(diaz, tenant.tenant_id, level="look", reason="x", now=family.home.tick())


async def test_operators_below_open_nothing_above_or_beside(family: Family) -> None:
    beside = await create_below(family.home, "leeds")
    ann, _ = await sign_in(family.below)

    for tenant in (family.home.tenant, beside.tenant):
        with pytest.raises(NotFoundError):
            await scoped_views.ask_view(ann, tenant.tenant_id, level="look", reason="x", now=family.below.tick())


async def test_both_tenants_are_told_who_came_why_and_how_much_was_changed(family: Family) -> None:
    diaz, _ = await sign_in(family.home)
    ann = await family.below.push_user("ann")
    view = await opened(family, diaz)
    guest = await seen(family, diaz)
    now = family.home.tick()
    await status.block_signin(ann.user_id, reason="left", by=actor(guest), now=now)
    await scoped_views.leave_view(diaz, view.view_id, now=family.home.tick())

    assert await deeds_in(family.home) == [("tenant:view:opened", "Diaz"), ("tenant:view:ended", "Diaz")]
    assert await deeds_in(family.below) == [("tenant:view:opened", "Diaz (Acme)"), ("tenant:view:ended", "Diaz (Acme)")]
    (blocked,) = await deeds_in(family.below, "user:sign-in:blocked")
    assert blocked[1] == "Diaz (Acme)"
    for world in (family.home, family.below):
        (ended,) = [one for one in await events.list_events(world.tenant.tenant_id, limit=50) if "ended" in one.action]
        told = {change.name: change.new for change in ended.changes}
        assert told == {"reason": "Ticket 7", "may": "look and change", "ended": "left", "changes": 1}


async def test_a_view_is_of_its_web_session(family: Family) -> None:
    diaz, _ = await sign_in(family.home)
    await opened(family, diaz)
    link = await signins.create_link(diaz.user.user_id, by=family.home.system, now=family.home.tick())
    other = await again(family.home, (await signins.redeem_link(link, visitor=HERE, now=family.home.tick())).token)

    with pytest.raises(NotFoundError):
        await seen(family, other)
    assert (await seen(family, diaz)).tenant.slug == "bristol"


async def test_it_ends_after_an_hour(family: Family) -> None:
    diaz, _ = await sign_in(family.home)
    view = await opened(family, diaz)
    late = view.asked_at + timedelta(hours=1)

    with pytest.raises(ViewOverError):
        await scoped_views.find_view(diaz, "bristol", now=late)
    assert await scoped_view_ends.has_over(late)
    assert await scoped_view_ends.end_over(now=late) == 1
    assert not await scoped_view_ends.has_over(late)
    assert (await deeds_in(family.below))[-1] == ("tenant:view:ended", "end of scoped views")


async def test_signing_out_ends_it(family: Family) -> None:
    diaz, token = await sign_in(family.home)
    await opened(family, diaz)
    now = family.home.tick()

    await signins.sign_out(diaz.session_id, by=actor(diaz), now=now)

    assert await signins.find_session(token, now=now) is None
    assert await scoped_view_ends.end_over(now=now) == 1


async def test_losing_the_role_at_home_ends_it(family: Family) -> None:
    await sign_in(family.home, name="other")
    diaz, token = await sign_in(family.home)
    await opened(family, diaz)
    viewer = family.home.roles["viewer"].role_id

    now = family.home.tick()
    await locks.lock_role(diaz.user.user_id, viewer, reason="moved", until=None, by=family.home.system, now=now)

    with pytest.raises(ViewOverError):
        await seen(family, await again(family.home, token))


async def test_guests_neither_make_nor_unmake_administrators(family: Family) -> None:
    ann, _ = await sign_in(family.below, name="Ann")
    zoe = await family.below.push_user("zoe")
    group = await family.below.push_group("Admins", ["ext-zoe"])
    guest = await guest_of_family(family)
    administrator, viewer = (family.below.roles[key].role_id for key in ("administrator", "viewer"))
    by = actor(guest)

    deeds = (
        lambda now: locks.lock_role(zoe.user_id, administrator, reason="x", until=None, by=by, now=now),
        lambda now: locks.lock_role(ann.user.user_id, viewer, reason="x", until=None, by=by, now=now),
        lambda now: mappings.add_mapping(group.group_id, administrator, consent=True, by=by, now=now),
        lambda now: access_roles.create_role("Power", frozenset({"settings:manage"}), by=by, now=now),
        lambda now: status.block_signin(ann.user.user_id, reason="x", by=by, now=now),
    )
    for deed in deeds:
        with pytest.raises(ForbiddenError):
            await deed(family.below.tick())

    assert await family.below.role_of(zoe) == "loanee"
    assert (await users.get_user(family.below.tenant.tenant_id, ann.user.user_id)).active


async def test_guests_see_no_secret_and_make_no_link(family: Family) -> None:
    zoe = await family.below.push_user("zoe")
    await family.below.map_group(await family.below.push_group("Team", ["ext-zoe"]), "viewer")
    by = actor(await guest_of_family(family))

    with pytest.raises(GuestError):
        await secret_keys.issue_secret(family.below.source.source_id, label="x", by=by, now=family.below.tick())
    with pytest.raises(GuestError):
        await signins.create_link(zoe.user_id, by=by, now=family.below.tick())
    with pytest.raises(GuestError):
        await scoped_view_consents.set_policy("open", by=by, now=family.below.tick())


async def test_guests_leave_nothing_behind_that_goes_on_sending(family: Family) -> None:
    by = actor(await guest_of_family(family))

    with pytest.raises(GuestError):
        await alert_recipients.add_recipient(
            alert_recipients.Choice(), address="diaz@acme.example", by=by, now=family.below.tick()
        )
    with pytest.raises(GuestError):
        await schedules.create_schedule(scheduling.terms(), by=by, now=family.below.tick())

    assert await alert_recipients.list_recipients(family.below.tenant.tenant_id) == []
    assert await schedules.list_schedules(family.below.tenant.tenant_id) == []


async def test_a_guest_sends_no_webhook_elsewhere(family: Family) -> None:
    tenant_id, system = family.below.tenant.tenant_id, family.below.system
    draft = webhooks.WebhookDraft(label="SIEM", url="https://siem.example/in", kinds=frozenset({"alert:raised"}))
    made = await webhooks.create_webhook(draft, allow_private=True, by=system, now=family.below.tick())
    by = actor(await guest_of_family(family))

    with pytest.raises(GuestError):
        await webhooks.edit_webhook(
            made.webhook_id,
            replace(draft, url="https://diaz.example/in"),
            allow_private=True,
            by=by,
            now=family.below.tick(),
        )

    assert (await webhooks.get_webhook(tenant_id, made.webhook_id)).url == "https://siem.example/in"


async def test_a_view_ends_with_a_sign_in_that_lay_idle(family: Family) -> None:
    diaz, _ = await sign_in(family.home)
    await opened(family, diaz)
    soon, late = family.home.now + timedelta(minutes=20), family.home.now + timedelta(minutes=31)

    assert await scoped_view_ends.end_over(now=soon) == 0
    assert await scoped_view_ends.end_over(now=late) == 1

    by = await find_actor(family.below.tenant.tenant_id, diaz.user.user_id, "Diaz (Acme)")
    assert by.permissions == frozenset()
    for world in (family.home, family.below):
        assert (await deeds_in(world))[-1] == ("tenant:view:ended", "end of scoped views")


async def test_what_a_guest_asked_for_goes_on_only_while_the_view_is_open(family: Family) -> None:
    diaz, _ = await sign_in(family.home)
    view = await opened(family, diaz)
    tenant_id = family.below.tenant.tenant_id

    during = await find_actor(tenant_id, diaz.user.user_id, "Diaz (Acme)")
    await scoped_views.leave_view(diaz, view.view_id, now=family.home.tick())
    after = await find_actor(tenant_id, diaz.user.user_id, "Diaz (Acme)")

    assert (during.permissions, during.visiting) == (frozenset(PERMISSIONS), True)
    assert after.permissions == frozenset()


async def test_opening_again_ends_the_view_before(family: Family) -> None:
    diaz, _ = await sign_in(family.home)
    await opened(family, diaz, "act")

    await opened(family, diaz, "look")

    assert (await seen(family, diaz)).role.permissions == {"portal:view"}
    states = [look.state for look in await scoped_view_consents.list_looks(family.below.tenant)]
    assert states == ["open", "ended"]


async def guest_of_family(family: Family) -> Operator:
    """Return an administrator of Acme who may change things in Bristol."""
    diaz, _ = await sign_in(family.home)
    await opened(family, diaz)
    return await seen(family, diaz)
