"""Users whose names are to become e-mail addresses, and conversions of them."""

from directory import conversion_runs, conversion_scans, conversions, locks, users
from directory.conversions import Conversion
from directory.model import Actor, JsonValue, TenantId, User, UserAttributes
from directory.store.compiled import Statement
from directory.store.unit import fetch
from tests.directory.world import World

STATE = Statement(
    "SELECT u.id, u.user_name, u.user_name_key, u.display_name, u.display_name_key, u.search_key, u.email, u.document,"
    " u.document_key::text AS document_key, u.active, u.role_id, a.user_name AS former FROM user_row u"
    " LEFT JOIN alias_row a ON a.tenant_id = u.tenant_id AND a.user_id = u.id"
    " WHERE u.tenant_id = $1::uuid ORDER BY u.id, a.user_name_key"
)


async def operator(world: World, role: str = "administrator", name: str = "rosa") -> Actor:
    """Create a local user of a role, with an address for a name, and return it as the cause of changes."""
    user = await locks.create_local_user(
        f"{name}@example.org", role_id=world.roles[role].role_id, by=world.system, now=world.tick()
    )
    return Actor(
        tenant_id=world.tenant.tenant_id,
        kind="operator",
        label=name.title(),
        user_id=user.user_id,
        permissions=world.roles[role].permissions,
    )


async def push(world: World, user_name: str, *emails: str, active: bool = True, **more: JsonValue) -> User:
    """Push a user of that very user name, with these addresses."""
    document: dict[str, JsonValue] = {
        "userName": user_name,
        "externalId": f"ext-{user_name}",
        "active": active,
        "emails": [{"value": email, "type": "work", "primary": not at} for at, email in enumerate(emails)],
        **more,
    }
    user, _ = await users.create_user(
        UserAttributes(document), by=world.client, now=world.tick(), revive_inactive=False
    )
    return user


async def scanned(world: World, by: Actor) -> Conversion:
    """Return a scan that is done."""
    job = await conversion_scans.start_scan(by=by, now=world.tick())
    while await conversion_scans.go_on(job.tenant_id, job.job_id, now=world.tick()):
        pass
    return await conversions.get_conversion(job.job_id, by=by)


async def converted(world: World, by: Actor, *, alias_days: int = 90) -> Conversion:
    """Scan and convert everybody who can be."""
    return await run(world, by, await begun(world, by, alias_days=alias_days))


async def begun(world: World, by: Actor, *, alias_days: int = 90) -> Conversion:
    """Scan and confirm, without changing anybody yet."""
    return await confirmed(world, by, await scanned(world, by), alias_days=alias_days)


async def confirmed(world: World, by: Actor, job: Conversion, *, alias_days: int = 90) -> Conversion:
    """Confirm what a scan and the decisions behind it come to."""
    job = await conversions.get_conversion(job.job_id, by=by)
    return await conversions.confirm(
        job.job_id,
        alias_days=alias_days,
        expected=await conversions.count_open(job),
        decided=job.decision_count,
        by=by,
        now=world.tick(),
    )


async def run(world: World, by: Actor, job: Conversion) -> Conversion:
    """Convert everybody who is left."""
    while await conversion_runs.run_batch(job.tenant_id, job.job_id, now=world.tick()):
        pass
    return await conversions.get_conversion(job.job_id, by=by)


async def undone(world: World, by: Actor, job: Conversion) -> Conversion:
    """Undo a conversion."""
    await conversions.undo(job.job_id, by=by, now=world.tick())
    while await conversion_runs.undo_batch(job.tenant_id, job.job_id, now=world.tick()):
        pass
    return await conversions.get_conversion(job.job_id, by=by)


async def verdicts(job: Conversion) -> dict[str, str]:
    """Return what the scan says of each user name: the kind, or the reason of a conflict."""
    return {item.old_name: item.reason or item.kind async for item in conversions.each_item(job, None)}


async def outcomes(job: Conversion) -> dict[str, str | None]:
    """Return what came of each user name that was to change."""
    return {item.old_name: item.outcome async for item in conversions.each_item(job, None) if item.new_name}


async def current(user: User) -> User:
    """Return a user as it is now."""
    return await users.get_user(user.tenant_id, user.user_id)


async def state_of(tenant_id: TenantId) -> list[dict[str, object]]:
    """Return all that a conversion could change, but for versions and times of change."""
    return [dict(row) for row in await fetch(STATE, tenant_id, unbounded=True)]
