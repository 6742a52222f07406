"""Every route of the portal, and one of each thing that an address can name."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from directory import (
    adoptions,
    bulk_drafts,
    bulk_jobs,
    conversion_scans,
    equipment,
    equipment_imports,
    equipment_keys,
    events,
    fields,
    locks,
    saved_views,
    scoped_views,
    secret_keys,
    signins,
    tenants,
    traffic,
    undo_runs,
    users,
)
from directory.accounts import AccountFilter
from directory.adoptions import EntryFilter
from directory.equipment_model import Details
from directory.errors import AlreadyExistsError
from directory.ids import new_id
from directory.model import Actor, RequestDraft, RequestId
from directory.operators import Operator
from directory.plan_bulk import Order
from directory.references import reference_for
from directory.routes import rules
from directory.routes.drafts import RuleDraft
from directory.routing import Condition
from directory.visitor import Visitor
from portal.routes import PAGES
from tests.directory.scheduling import make_schedule
from tests.directory.world import World
from tests.portal.browsing import SAME_ORIGIN, Browser
from tests.portal.pulling import pulled_source
from tests.portal.running import begun
from tests.portal.telling import told_outside

PARAMETER = re.compile(r"\{(\w+):str\}")


@dataclass(frozen=True, order=True)
class Door:
    """One route with its method and what it asks for."""

    path: str
    method: str
    access: str
    fresh: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.access}{', fresh' if self.fresh else ''}"

    @property
    def parameters(self) -> set[str]:
        """What the address names."""
        return set(PARAMETER.findall(self.path))


def each_door() -> Iterator[Door]:
    """Yield every route of every page."""
    for module in PAGES:
        for handler in module.HANDLERS:
            for path in sorted(handler.paths):
                for method in sorted(handler.http_methods):
                    yield Door(path, str(method), handler.opt["access"], handler.opt.get("fresh", False))


DOORS = sorted(each_door())
INSIDE = [door for door in DOORS if door.access != "public"]


def filled(path: str, slug: str, ids: dict[str, str]) -> str:
    """Return an address: of things that are known, and of things that are not there."""
    known = {"slug": slug, **ids}
    if "/connectors/" in path:
        known["source_id"] = ids.get("connector_id", str(uuid4()))
    return PARAMETER.sub(lambda found: known.get(found[1], str(uuid4())), path)


async def sent(client: httpx.AsyncClient, door: Door, path: str, token: str = "") -> httpx.Response:
    """Open a page, or send an empty form."""
    if door.method == "GET":
        return await client.get(path)
    return await client.post(path, data={"csrf_token": token}, headers=SAME_ORIGIN)


async def things_in(world: World, owner: Browser) -> dict[str, str]:
    """Make one of each thing, with the owner's view, and return their ids by the names that addresses have for them."""
    now = datetime.now(UTC)
    operator = await signins.find_session(owner.client.cookies["rolebook"], now=now)
    assert operator is not None
    by = signins.operator_actor(operator)
    user = await world.push_user("ann", displayName=f"Ann {world.tenant.slug}")
    group = await world.push_group("Employees", ["ext-ann"])
    issued = await secret_keys.issue_secret(world.source.source_id, label="First", by=world.system, now=now)
    view = await saved_views.save_view("Mine", "status=disabled", shared=False, by=by, now=now)
    job = await bulk_drafts.draft(
        Order(deed="disable", reason="x"), AccountFilter(user_ids=(user.user_id,)), "one person", by=by, now=now
    )
    (event,) = await events.list_events(world.tenant.tenant_id, limit=1)
    return {
        "source_id": str(world.source.source_id),
        "user_id": str(user.user_id),
        "group_id": str(group.group_id),
        **await pulling_in(world),
        "secret_id": str(issued.secret.secret_id),
        "role_id": str(world.roles["editor"].role_id),
        "event_id": str(event.event_id),
        "view_id": str(view.view_id),
        "job_id": str(job.job_id),
        "conversion_id": str((await conversion_scans.start_scan(by=by, now=now)).job_id),
        "field_key": await field_of(world, by, now),
        **await undone_action(world, by, now),
        **await met_and_gone(world),
        "reference": await recorded(world, now),
        "session_id": await session_of_another(world, now),
        "name": "changes.csv",
        **await below(world, operator, now),
        **await equipment_of(world, by, now),
        **await told_outside(world, now),
        "report": "secrets",
        "schedule_id": str((await make_schedule(world)).schedule_id),
    }


async def below(world: World, operator: Operator, now: datetime) -> dict[str, str]:
    """Make a tenant below, and look into it; return its id and that of the view. Below another there is none."""
    if world.tenant.parent_id is not None:
        return {name: str(uuid4()) for name in ("tenant_id", "look_id", "rule_id")}
    tenant = await tenants.create_tenant(f"{world.tenant.name} Below", parent_slug=world.tenant.slug, now=world.tick())
    view = await scoped_views.ask_view(operator, tenant.tenant_id, level="look", reason="A test", now=now)
    draft = RuleDraft(condition=Condition(kind="domain", values=("severn.example",)), goes_to=(tenant.tenant_id,))
    await rules.create_rule(draft, by=world.system, now=now)
    (line,) = (await rules.list_rules(world.tenant.tenant_id)).lines
    return {
        "tenant_id": str(tenant.tenant_id),
        "look_id": str(view.view_id),
        "rule_id": str(line.rule.rule_id),
    }


async def met_and_gone(world: World) -> dict[str, str]:
    """Have somebody sent who is here already, and somebody deleted; return the ids of both."""
    await locks.create_local_user(
        "met@example.org", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick()
    )
    with suppress(AlreadyExistsError):
        await world.push_user("met")
    queue = await adoptions.list_entries(world.tenant.tenant_id, EntryFilter(), limit=1)
    gone = await world.push_user("gone")
    await users.delete_user(gone.user_id, by=world.client, now=world.tick())
    return {"entry_id": str(queue.entries[0].entry_id), "gone_id": str(gone.user_id)}


async def pulling_in(world: World) -> dict[str, str]:
    """Make a connection that is pulled, with a pull under way; return the ids of both."""
    source = await pulled_source(world)
    return {"connector_id": str(source.source_id), "pull_id": str((await begun(world, source)).run_id)}


async def undone_action(world: World, by: Actor, now: datetime) -> dict[str, str]:
    """Apply an action on many and undo it; returns the ids of both."""
    zed = await world.push_user("zed")
    order, wanted = Order(deed="disable", reason="x"), AccountFilter(user_ids=(zed.user_id,))
    draft = await bulk_drafts.draft(order, wanted, "one person", by=by, now=now)
    await bulk_jobs.apply_draft(draft.job_id, draft.plan_hash, by=by, now=now)
    shown = await undo_runs.preview_run(draft.job_id, by=by, now=now)
    run = await undo_runs.start_run(draft.job_id, shown.plan_hash, by=by, now=now)
    return {"action_id": str(draft.job_id), "run_id": str(run.run_id)}


async def field_of(world: World, by: Actor, now: datetime) -> str:
    """Add an attribute field that no other tenant has, and return its key."""
    label = f"Field of {world.tenant.slug}"
    return (await fields.add_field(label, f"urn:example:{world.tenant.slug}:x", listed=False, by=by, now=now)).key


async def equipment_of(world: World, by: Actor, now: datetime) -> dict[str, str]:
    """Write an item down, read a file and make a key; returns their ids."""
    item = await equipment.create_item(Details(tag=world.tenant.slug, name="Laptop"), by=by, now=now)
    read = await equipment_imports.draft_import(b"tag,name\nA,x\n", "items.csv", by=by, now=now)
    key = (await equipment_keys.create_key("Snipe", by=world.system, now=now)).key
    return {"item_id": str(item.item_id), "import_id": str(read.import_id), "key_id": str(key.key_id)}


async def recorded(world: World, now: datetime) -> str:
    """Record one request and return its reference."""
    request_id = RequestId(new_id(now))
    draft = RequestDraft(
        request_id=request_id,
        tenant_id=world.tenant.tenant_id,
        source_id=world.source.source_id,
        secret_id=None,
        reference=reference_for(request_id),
        method="GET",
        path="/scim/v2/Users",
        started_at=now,
        elapsed_us=lambda: 1500,
    )
    traffic.note_request(draft)
    await traffic.flush(now=now)
    return draft.reference


async def session_of_another(world: World, now: datetime) -> str:
    """Sign a second operator in and return the id of the session."""
    role_id = world.roles["viewer"].role_id
    other = await locks.create_local_user("second", role_id=role_id, by=world.system, now=now)
    link = await signins.create_link(other.user_id, by=world.system, now=now)
    entry = await signins.redeem_link(link, visitor=Visitor(), now=now)
    operator = await signins.find_session(entry.token, now=now)
    assert operator is not None
    return str(operator.session_id)
