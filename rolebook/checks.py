"""``rolebook check``: what should be so of an installation, looked at."""

from importlib.metadata import packages_distributions

from directory import events, resealing, tenants, upkeep
from directory.model import Tenant
from rolebook.command import Answer
from rolebook.keys import key_ring_for
from rolebook.ownership import foreign_owners
from rolebook.settings import Settings


async def run_checks(settings: Settings) -> Answer:
    """Return every check with its findings; ``ok`` is whether there are none. Notes are advice and no findings."""
    checks = [check_packages(), await check_database(settings)]
    for tenant in await tenants.list_tenants():
        checks += [await check_roles(tenant), await check_counts(tenant), await check_chain(tenant)]
    checks.append(await check_keys(settings))
    return {"ok": not any(check["findings"] for check in checks), "checks": checks}


def outcome(check: str, findings: list[str], *, notes: list[str] | None = None, checked: int = 0) -> Answer:
    """Return one check as it is printed."""
    return {"check": check, "checked": checked, "findings": findings, "notes": notes or []}


def check_packages() -> Answer:
    """Look for distributions that installed packages of our names."""
    found = foreign_owners(packages_distributions())
    return outcome("packages", [f"{other} installs the package {package}" for package, other in found.items()])


async def check_database(settings: Settings) -> Answer:
    """Look at the file, or at how the server is used; the schema was compared when the database was opened."""
    findings = await upkeep.list_database_faults()
    path = settings.database_path
    if path is not None and path.stat().st_mode & 0o077:
        findings.append(f"{path.name} may be read by others than its owner")
    return outcome("database", findings, notes=await upkeep.list_server_faults())


async def check_keys(settings: Settings) -> Answer:
    """Look for sealed values whose key is not on the ring: nobody can open them."""
    ring = key_ring_for(settings, may_make=False)
    known = () if ring is None else ring.names
    kept = await resealing.count_sealed()
    findings = [
        f"{count} {things} are sealed with the key {name}, which is not on the ring"
        for things, sealed in kept.items()
        for name, count in sorted(sealed.items())
        if name not in known
    ]
    findings += [
        f"the connector {label} of {slug} cannot be pulled without the key {name}"
        for slug, label, name in await resealing.list_unreadable_connections(ring)
    ]
    return outcome("keys", findings, checked=sum(sum(sealed.values()) for sealed in kept.values()))


async def check_roles(tenant: Tenant) -> Answer:
    """Decide every role anew."""
    report = await upkeep.recompute_roles(tenant.tenant_id)
    if report.under_way:
        notes = ["a change of the mappings is being applied; look again when it is done"]
        return outcome(f"roles of {tenant.slug}", [], notes=notes, checked=report.checked)
    findings = [f"user {user_id} has another role than the mappings give" for user_id in report.differing]
    return outcome(f"roles of {tenant.slug}", findings, checked=report.checked)


async def check_counts(tenant: Tenant) -> Answer:
    """Count the members of every group, and the users and groups of every source."""
    tenant_id = tenant.tenant_id
    findings = [
        f"group {found} has a wrong count of members" for found in await upkeep.list_miscounted_groups(tenant_id)
    ]
    findings += [f"source {found} has a wrong total" for found in await upkeep.list_mistallied_sources(tenant_id)]
    findings += [f"user {found} has no record of its arrival" for found in await upkeep.list_untold_users(tenant_id)]
    findings += [f"user {found} has a wrong status" for found in await upkeep.list_misstated_users(tenant_id)]
    findings += [f"user {found} is held back for no reason" for found in await upkeep.list_misheld_users(tenant_id)]
    return outcome(f"counts of {tenant.slug}", findings)


async def check_chain(tenant: Tenant) -> Answer:
    """Compute the chain of events anew."""
    report = await events.verify_chain(tenant.tenant_id)
    broken = [] if report.broken_at is None else [f"the chain is broken at event {report.broken_at}"]
    return outcome(f"events of {tenant.slug}", broken, checked=report.checked)
