"""Whom a tenant lets in from its super tenant: at once, after asking, or nobody."""

from datetime import timedelta

import pytest

from directory import scoped_view_consents, scoped_view_ends, scoped_views
from directory.errors import NotFoundError, RefusedError
from directory.operators import Operator
from directory.scoped_view_model import ScopedView
from directory.scoped_views import ViewOverError
from directory.store.unit import Engine
from tests.directory.looking_in import Family, actor, create_below, create_family, deeds_in, opened, seen, sign_in

pytestmark = pytest.mark.anyio


@pytest.fixture
async def family(store: Engine) -> Family:
    assert store is not None
    return await create_family()


async def test_a_tenant_that_closes_its_door_shows_everybody_out(family: Family) -> None:
    diaz, _ = await sign_in(family.home)
    ann, _ = await sign_in(family.below, name="Ann")
    await opened(family, diaz)

    await scoped_view_consents.set_policy("closed", by=actor(ann), now=family.below.tick())

    with pytest.raises(ViewOverError):
        await seen(family, diaz)
    with pytest.raises(RefusedError, match="lets nobody in"):
        await opened(family, diaz)
    assert await scoped_view_ends.end_over(now=family.home.tick()) == 1


async def test_a_tenant_may_ask_to_be_asked(family: Family) -> None:
    diaz, _ = await sign_in(family.home)
    ann, _ = await sign_in(family.below, name="Ann")
    await scoped_view_consents.set_policy("ask", by=actor(ann), now=family.below.tick())

    view = await opened(family, diaz)
    with pytest.raises(NotFoundError):
        await seen(family, diaz)
    with pytest.raises(RefusedError):
        await scoped_views.begin_view(diaz, view.view_id, now=family.home.tick())
    await scoped_view_consents.decide_view(view.view_id, agrees=True, by=actor(ann), now=family.home.tick())
    await scoped_views.begin_view(diaz, view.view_id, now=family.home.tick())

    assert (await seen(family, diaz)).tenant.slug == "bristol"
    assert await deeds_in(family.home) == [
        ("tenant:view:asked", "Diaz"),
        ("tenant:view:granted", "Ann (Bristol)"),
        ("tenant:view:opened", "Diaz"),
    ]
    assert await deeds_in(family.below) == [
        ("tenant:view:asked", "Diaz (Acme)"),
        ("tenant:view:granted", "Ann"),
        ("tenant:view:opened", "Diaz (Acme)"),
    ]


async def test_a_request_that_is_refused_opens_nothing(family: Family) -> None:
    diaz, ann, view = await asked(family)

    await scoped_view_consents.decide_view(view.view_id, agrees=False, by=actor(ann), now=family.home.tick())

    with pytest.raises(RefusedError):
        await scoped_views.begin_view(diaz, view.view_id, now=family.home.tick())
    with pytest.raises(RefusedError):
        await scoped_view_consents.decide_view(view.view_id, agrees=True, by=actor(ann), now=family.home.tick())


async def test_a_request_expires_after_a_day(family: Family) -> None:
    _, ann, view = await asked(family)
    late = view.asked_at + timedelta(days=1)

    with pytest.raises(RefusedError):
        await scoped_view_consents.decide_view(view.view_id, agrees=True, by=actor(ann), now=late)
    assert await scoped_view_ends.end_over(now=late) == 1
    (look,) = await scoped_view_consents.list_looks(family.below.tenant)
    assert (look.state, look.is_over) == ("expired", True)


async def test_what_was_agreed_to_is_opened_once(family: Family) -> None:
    diaz, ann, view = await asked(family)
    await scoped_view_consents.decide_view(view.view_id, agrees=True, by=actor(ann), now=family.home.tick())
    await scoped_views.begin_view(diaz, view.view_id, now=family.home.tick())
    await scoped_views.leave_view(diaz, view.view_id, now=family.home.tick())

    with pytest.raises(RefusedError):
        await scoped_views.begin_view(diaz, view.view_id, now=family.home.tick())


async def test_the_tenant_itself_shows_somebody_out(family: Family) -> None:
    diaz, _ = await sign_in(family.home)
    ann, _ = await sign_in(family.below, name="Ann")
    view = await opened(family, diaz)

    await scoped_view_consents.end_view(view.view_id, by=actor(ann), now=family.home.tick())

    with pytest.raises(ViewOverError):
        await seen(family, diaz)
    assert (await deeds_in(family.home))[-1] == ("tenant:view:ended", "Ann (Bristol)")


async def test_a_neighbour_decides_and_ends_nothing(family: Family) -> None:
    _, _, view = await asked(family)
    beside = await create_below(family.home, "leeds")
    zoe, _ = await sign_in(beside, name="Zoe")

    for deed in (
        scoped_view_consents.decide_view(view.view_id, agrees=True, by=actor(zoe), now=family.home.tick()),
        scoped_view_consents.end_view(view.view_id, by=actor(zoe), now=family.home.tick()),
        scoped_views.leave_view(zoe, view.view_id, now=family.home.tick()),
    ):
        with pytest.raises(NotFoundError):
            await deed
    assert await scoped_view_consents.list_looks(beside.tenant) == []


async def test_the_list_is_the_same_from_above_and_below(family: Family) -> None:
    diaz, _ = await sign_in(family.home)
    await opened(family, diaz)

    above = await scoped_view_consents.list_looks(family.home.tenant)
    below = await scoped_view_consents.list_looks(family.below.tenant)

    assert [look.view_id for look in above] == [look.view_id for look in below]
    assert [(look.user_label, look.to_name, look.reason) for look in below] == [("Diaz", "Bristol", "Ticket 7")]


async def asked(family: Family) -> tuple[Operator, Operator, ScopedView]:
    """Have Diaz ask Bristol, where Ann decides."""
    diaz, _ = await sign_in(family.home)
    ann, _ = await sign_in(family.below, name="Ann")
    await scoped_view_consents.set_policy("ask", by=actor(ann), now=family.below.tick())
    family.home.now = max(family.home.now, family.below.now)
    return diaz, ann, await opened(family, diaz)
