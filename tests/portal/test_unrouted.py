"""The queue of those whom no rule leads anywhere, with rules that would take them, one click away."""

import pytest

from directory import tenants
from directory.model import JsonObject, Tenant
from directory.routes import rules
from directory.routes.drafts import RuleDraft
from directory.routing import Condition
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


@pytest.fixture
async def below(world: World) -> Tenant:
    """Bristol, below Northwind."""
    return await tenants.create_tenant("Bristol", parent_slug=world.tenant.slug, now=world.tick())


async def test_everybody_in_a_tenant_is_told(admin: Browser, below: Tenant) -> None:
    assert below is not None
    assert "Everybody is in a tenant" in (await admin.open("/t/northwind/unrouted")).text


async def test_who_waits_is_listed_with_a_rule_one_click_away(admin: Browser, world: World, below: Tenant) -> None:
    assert below is not None
    for name in ("ann", "ben"):
        address: JsonObject = {"value": f"{name}@bristol.example", "primary": True}
        await world.push_user(name, displayName=f"{name.title()} Alder", emails=[address])
    shown = await admin.open("/t/northwind/unrouted")
    assert "2 people wait" in shown.text
    assert "No rule fits, and there is no fallback." in shown.text
    assert "E-mail domain: bristol.example" in shown.text
    form = await admin.open(next(link for link in shown.links if "/routing/new?when=domain" in link))
    preview = await admin.send(form.form("/routing/new"), values="bristol.example")
    assert "2 people go elsewhere" in preview.text
    await admin.send(preview.form("/routing/preview"))


async def test_the_overview_says_that_somebody_waits(admin: Browser, world: World, below: Tenant) -> None:
    assert below is not None
    await world.push_user("ann")
    shown = await admin.open("/t/northwind/overview")
    assert "1 person is in no tenant" in shown.text
    assert shown.link("/unrouted")


async def test_the_queue_is_given_as_a_file(admin: Browser, world: World, below: Tenant) -> None:
    assert below is not None
    await world.push_user("ann", displayName="Ann Alder")
    file = await admin.open("/t/northwind/unrouted/export.csv?bom=no")
    head, first = file.response.text.splitlines()
    assert head == '"user id","user name","name","status","since","reason"'
    assert '"ann@example.org","Ann Alder","active"' in first


async def test_whoever_may_only_look_sees_who_waits(sign_in: SignIn, world: World, below: Tenant) -> None:
    assert below is not None
    await world.push_user("ann", displayName="Ann Alder")
    viewer = await sign_in("viewer")
    shown = await viewer.open("/t/northwind/unrouted")
    assert "Ann Alder" in shown.text
    assert not [link for link in shown.links if "/routing/new" in link]


async def test_a_rule_takes_them_out_of_the_queue(admin: Browser, world: World, below: Tenant) -> None:
    await world.push_user("ann", title="Bristol", displayName="Ann Alder")
    draft = RuleDraft(
        condition=Condition(kind="attribute", path="title", values=("Bristol",)), goes_to=(below.tenant_id,)
    )
    await rules.create_rule(draft, by=world.system, now=world.tick())
    await world.push_user("ben", title="Bristol", displayName="Ben Beech")
    assert "Ben Beech" not in (await admin.open("/t/northwind/unrouted")).text


async def test_a_place_that_no_page_made_is_refused(admin: Browser, below: Tenant) -> None:
    assert below is not None
    assert (await admin.open("/t/northwind/unrouted?after=nowhere")).status == 422
