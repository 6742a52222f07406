"""Tenants with one of each thing, their operators and machines, and the names that others may try."""

import random
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import msgspec

from directory import access_roles, bulk_jobs, equipment_keys, secret_keys, signins, sources, tenants, users
from directory.model import TenantId, UserAttributes
from directory.page_keys import render_key, render_texts
from directory.routes.drafts import AddRule, RuleDraft, text_of
from directory.routing import Condition
from tests.directory.world import World
from tests.isolation.probing import Asked
from tests.portal.browsing import ORIGIN, SAME_ORIGIN, Browser
from tests.portal.conftest import link_for
from tests.portal.doors import things_in

NOT_IDS = ("name", "report")
"""What addresses name that is the same in every tenant."""

CHANGES = ("change_to_tenant", "change_by_group")


@dataclass(frozen=True, slots=True)
class Party:
    """One tenant, whoever acts in it, and what is there."""

    world: World
    browser: Browser
    csrf: str
    secret: str
    key: str
    things: Asked

    @property
    def tenant_id(self) -> TenantId:
        """Whose rows these are."""
        return self.world.tenant.tenant_id


async def create_world_below(slug: str, parent_slug: str | None) -> World:
    """Create a tenant with one source that pushes, below another one or by itself."""
    now = datetime.now(UTC)
    tenant = await tenants.create_tenant(slug.title(), slug=slug, parent_slug=parent_slug, now=now)
    by = tenants.system_actor(tenant)
    source = await sources.create_source(kind="scim", preset="entra", label="Entra", by=by, now=now)
    roles = {role.shipped: role for role in await access_roles.list_roles(tenant.tenant_id) if role.shipped}
    return World(tenant=tenant, source=source, system=by, roles=roles, now=now)


async def settle(client: httpx.AsyncClient, slug: str, parent_slug: str | None = None) -> Party:
    """Create a tenant with one of each thing, and sign its administrator in."""
    world = await create_world_below(slug, parent_slug)
    answer = await client.post(await link_for(world, "administrator", f"owner.{slug}"), headers=SAME_ORIGIN)
    assert answer.status_code == 303
    browser = Browser(client, slug)
    ids = await things_in(world, browser)
    issued = await secret_keys.issue_secret(
        world.source.source_id, label="Probes", by=world.system, now=datetime.now(UTC)
    )
    ids["secret_id"] = str(issued.secret.secret_id)  # the former one is void now
    key = await equipment_keys.create_key("Probes", by=world.system, now=datetime.now(UTC))
    csrf = await browser.token()
    return Party(world, browser, csrf, issued.token, key.token, await named(world, browser, ids, csrf))


async def named(world: World, browser: Browser, ids: Mapping[str, str], csrf: str) -> Asked:
    """Return all that others could name of a tenant: ids, names, hashes, places in lists."""
    operator = await signins.find_session(browser.client.cookies["rolebook"], now=datetime.now(UTC))
    assert operator is not None
    slug, user_id = world.tenant.slug, UUID(ids["user_id"])
    draft = await bulk_jobs.get_job(UUID(ids["job_id"]), by=signins.operator_actor(operator))
    return {
        **{name: value for name, value in ids.items() if name not in NOT_IDS},
        "slug": slug,
        "own_tenant_id": str(world.tenant.tenant_id),
        "operator_id": str(operator.user.user_id),
        "operator_name": operator.user.attributes.user_name,
        "display_name": f"Ann {slug}",
        "tag": slug,
        "plan_hash": draft.plan_hash,
        "csrf_token": csrf,
        "place_by_text": render_key(f"ann {slug}", user_id),
        "place_by_number": render_key(1, user_id),
        "place_by_time": render_key(world.now, user_id),
        "place_by_texts": render_texts(slug, ids["user_id"]),
        **with_changes(await unlike_others(world, slug), str(world.tenant.tenant_id)),
    }


def with_changes(names: dict[str, str], tenant_id: str) -> dict[str, str]:
    """Add changes of routing rules that lead to a tenant, and that ask about a group."""
    to_tenant = RuleDraft(
        condition=Condition(kind="domain", values=("x.example",)), goes_to=(TenantId(UUID(tenant_id)),)
    )
    of_group = RuleDraft(condition=Condition(kind="group", value=UUID(names["own_group_id"])))
    return {
        **names,
        "change_to_tenant": text_of(AddRule(draft=to_tenant)),
        "change_by_group": text_of(AddRule(draft=of_group)),
    }


async def unlike_others(world: World, slug: str) -> dict[str, str]:
    """Push somebody and a group whose every name is the tenant's own."""
    word = slug.replace("-", "")
    address = f"only.{word}@{word}.example"
    user, _ = await users.create_user(
        UserAttributes(
            {
                "userName": address,
                "externalId": f"person-{word}",
                "displayName": f"Only {word}",
                "emails": [{"value": address, "primary": True}],
                "active": True,
            }
        ),
        by=world.client,
        now=world.tick(),
        revive_inactive=False,
    )
    group = await world.push_group(f"People of {word}", [str(user.user_id)])
    return {
        "only_id": str(user.user_id),
        "user_name": address,
        "external_id": f"person-{word}",
        "own_group_id": str(group.group_id),
        "group_name": f"People of {word}",
        "group_external_id": f"ext-People of {word}",
    }


def never_was(things: Asked, dice: random.Random) -> Asked:
    """Return names of the same kinds, made at the same moments, of things that never existed."""
    word = "".join(dice.choice("bcdfghjklmnpqrstvwxz") for _ in range(10))  # like nobody's name, also of before
    place = UUID(never_made(things["user_id"], dice))
    moment = msgspec.json.decode(msgspec.json.encode(place_of(things["place_by_time"])[0]), type=datetime)
    texts = {
        "slug": word,
        "tag": word,
        "operator_name": f"owner.{word}",
        "display_name": f"Ann {word}",
        "user_name": f"only.{word}@{word}.example",
        "external_id": f"person-{word}",
        "group_name": f"People of {word}",
        "group_external_id": f"ext-People of {word}",
        "field_key": f"field_of_{word}",
        "reference": reference_of_nothing(dice),
        "plan_hash": dice.randbytes(32).hex(),
        "csrf_token": dice.randbytes(64).hex(),
        "place_by_text": render_key(f"ann {things['slug']}", place),
        "place_by_number": render_key(1, place),
        "place_by_time": render_key(moment, place),
        "place_by_texts": render_texts(things["slug"], str(place)),
    }
    plain = {name: value for name, value in things.items() if name not in CHANGES}
    names = {name: texts.get(name) or never_made(value, dice) for name, value in plain.items()}
    return with_changes(names, names["own_tenant_id"])


def never_made(ident: str, dice: random.Random) -> str:
    """Return an id of the same millisecond that nothing has."""
    made = UUID(ident)
    tail = dice.getrandbits(62) | 0b10 << 62
    return str(UUID(int=made.int >> 64 << 64 | tail))


def place_of(key: str) -> list[object]:
    """Return what a place in a list says."""
    padded = key + "=" * (-len(key) % 4)
    found: list[object] = msgspec.json.decode(urlsafe_b64decode(padded))
    return found


def reference_of_nothing(dice: random.Random) -> str:
    """Return a reference that no request has."""
    letters = "".join(dice.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


async def add_neighbours(count: int) -> None:
    """Create tenants that only are there, each with a source, a user and a group."""
    for _ in range(count):
        world = await create_world_below(f"n-{uuid4().hex[:12]}", None)
        await world.push_group("Employees", [str((await world.push_user("ann")).user_id)])


def client_at(app: object) -> httpx.AsyncClient:
    """Return a client of the application, without cookies."""
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 1), raise_app_exceptions=False)  # type: ignore[arg-type]  # httpx's own idea of a scope
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN)
