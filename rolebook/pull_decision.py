"""What was decided about one person, in words."""

from connectors.connector import Step
from directory import access_roles, groups
from directory.errors import NotFoundError
from directory.model import Decision, TenantId, User
from directory.pulls import run_life
from directory.pulls.model import Run, RunItem
from directory.store.people import find_by_external_id

WORDS = "Decide"


async def decision_step(run: Run, ext_id: str, items: list[RunItem]) -> Step:
    """Return the last step of a pull of one person: what the user has now, or would have."""
    counts = (await run_life.reread(run)).counts
    if counts.get("failed"):
        words = next((item.detail for item in items if item.detail), "")
        return _said("failed", words or "The directory refused it; the pull's page has the reason.")
    found = await find_by_external_id(run.tenant_id, run.source_id, ext_id)
    if found is None or found[1]:
        if run.dry and any(item.action in {"user:create", "user:return"} for item in items):
            return _said("passed", "The user would be created.")
        return _said("warned" if items else "passed", "There is no such user here, and none was created.")
    if counts.get("held"):
        return _said("warned", f"The guard holds {counts['held']:,} of the changes until somebody approves them.")
    if run.dry:
        return _said("passed", f"{len(items):,} changes would be made." if items else "Nothing would change.")
    return _said("passed", await _standing(run.tenant_id, found[0]))


async def _standing(tenant_id: TenantId, user: User) -> str:
    roles = {role.role_id: role.name for role in await access_roles.list_roles(tenant_id)}
    role = roles.get(user.decision.role_id, "a role that was deleted")
    standing = f"{role}, {await _reason(tenant_id, user.decision)}."
    return standing if user.active else f"Disabled. With access again: {standing}"


async def _reason(tenant_id: TenantId, decision: Decision) -> str:
    if decision.origin == "lock":
        return "since the role is locked"
    if decision.origin == "default" or decision.group_id is None:
        return "the default, since no mapped group has the user"
    try:
        group = await groups.get_group(tenant_id, decision.group_id)
    except NotFoundError:
        return "by a group that is gone by now"
    return f"by the mapping of the group {group.attributes.display_name}"


def _said(outcome: str, detail: str) -> Step:
    return Step(key="decide", words=WORDS, outcome=outcome, detail=detail)  # type: ignore[arg-type]  # one of them
