"""What commands do in the directory, and what they print of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from directory import access_roles, locks, second_factors, secret_keys, signins, sources, tenants
from directory.errors import InvalidError, NotFoundError
from directory.model import AccessRole, Preset, SourceId, SourceKind, Tenant, User, UserId
from directory.store import people
from rolebook.command import Answer

ACTOR = "command line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A local user as asked for."""

    user_name: str
    role: str
    display_name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A source as asked for."""

    kind: SourceKind
    preset: Preset
    label: str


async def get_tenant(slug: str) -> Tenant:
    """Return the tenant.

    Raises:
        NotFoundError: there is none of this slug.
    """
    tenant = await tenants.find_tenant(slug)
    if tenant is None:
        raise NotFoundError("tenant", slug)
    return tenant


async def create_tenant(name: str, *, slug: str | None, parent_slug: str | None, now: datetime) -> Answer:
    """Create a tenant with the shipped roles."""
    made = await tenants.create_tenant(name, slug=slug, parent_slug=parent_slug, now=now)
    return {"tenant": made.slug}


async def create_user(slug: str, person: Person, base_url: str, *, now: datetime) -> Answer:
    """Create a local user and, if the role has a sign-in, a link.

    Raises:
        InvalidError: the tenant has no such role.
        AlreadyExistsError: the user name is taken.
    """
    tenant = await get_tenant(slug)
    by = tenants.system_actor(tenant, ACTOR)
    role = await get_role(tenant, person.role)
    shown_as = person.display_name or person.user_name
    made = await locks.create_local_user(
        person.user_name, display_name=shown_as, email=person.email, role_id=role.role_id, by=by, now=now
    )
    url = await sign_in_url(tenant, made.user_id, base_url, now=now) if role.may_sign_in else None
    return {"user": str(made.user_id), "user_name": person.user_name, "role": role.name, "sign_in_url": url}


async def get_role(tenant: Tenant, name: str) -> AccessRole:
    """Return the role of this name or key.

    Raises:
        InvalidError: there is none; it says which there are.
    """
    role = await access_roles.find_role(tenant.tenant_id, name)
    if role is None:
        known = ", ".join(one.name for one in await access_roles.list_roles(tenant.tenant_id))
        raise InvalidError("role", f"must be one of: {known}")
    return role


async def sign_in_url(tenant: Tenant, user_id: UserId, base_url: str, *, now: datetime) -> str:
    """Return a link that signs the user in once."""
    token = await signins.create_link(user_id, by=tenants.system_actor(tenant, ACTOR), now=now)
    return f"{base_url}/sign-in/{token}"


async def link_user(slug: str, user_name: str, base_url: str, *, now: datetime) -> Answer:
    """Give a user a new sign-in link: the way back in for whoever lost theirs.

    Raises:
        NotFoundError: the tenant has no such user.
        InvalidError: the user is disabled, or the role has no sign-in.
    """
    tenant = await get_tenant(slug)
    user = await get_user(tenant, user_name)
    return {"user": str(user.user_id), "sign_in_url": await sign_in_url(tenant, user.user_id, base_url, now=now)}


async def reset_second_factor(slug: str, user_name: str, *, now: datetime) -> Answer:
    """Take the second factor from a user who lost it.

    Raises:
        NotFoundError: the tenant has no such user.
    """
    tenant = await get_tenant(slug)
    user = await get_user(tenant, user_name)
    by = tenants.system_actor(tenant, ACTOR)
    return {"user": str(user.user_id), "reset": await second_factors.reset_factor(user.user_id, by=by, now=now)}


async def get_user(tenant: Tenant, user_name: str) -> User:
    """Return the user of that name.

    Raises:
        NotFoundError: there is none.
    """
    user = await people.find_by_name(tenant.tenant_id, user_name)
    if user is None:
        raise NotFoundError("user", user_name)
    return user


async def create_source(slug: str, wanted: Connection, base_url: str, *, now: datetime) -> Answer:
    """Create a connection with its first secret."""
    tenant = await get_tenant(slug)
    by = tenants.system_actor(tenant, ACTOR)
    source = await sources.create_source(kind=wanted.kind, preset=wanted.preset, label=wanted.label, by=by, now=now)
    issued = await secret_keys.issue_secret(source.source_id, label=wanted.label, by=by, now=now)
    return {"source": str(source.source_id), "base_url": f"{base_url}/scim/v2", "secret": issued.token}


async def set_source(source_id: SourceId, changes: Mapping[str, str], *, now: datetime) -> Answer:
    """Change settings of a connection, whichever tenant it belongs to.

    Raises:
        NotFoundError: there is no such source.
        InvalidError: names the key that is unknown or has a wrong value.
    """
    source = await sources.find_source(source_id)
    if source is None:
        raise NotFoundError("source", source_id)
    by = tenants.system_actor(await tenants.get_tenant(source.tenant_id), ACTOR)
    changed = await sources.edit_settings(source_id, changes, by=by, now=now)
    return {"source": str(source_id), "settings": asdict(changed.settings)}
