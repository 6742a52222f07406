"""Actions on many users in words."""

from collections.abc import Mapping
from types import MappingProxyType

from directory.bulk_jobs import BulkJob, EndReason, Outcome, Pair
from directory.model import AccessRole, RoleId
from directory.plan_bulk import Deed, Effect, Outlook

DEEDS: Mapping[Deed, str] = MappingProxyType(
    {
        "lock": "Lock role",
        "unlock": "Remove role lock",
        "disable": "Disable sign-in",
        "enable": "Enable sign-in",
        "redecide": "Re-evaluate role",
    }
)
SENTENCES: Mapping[Deed, str] = MappingProxyType(
    {
        "lock": "Their access role is set and kept, whatever groups and mappings say.",
        "unlock": "Groups and mappings decide their access role again.",
        "disable": "They are signed out and cannot sign in, whatever their source reports, until you enable them.",
        "enable": "A sign-in that was disabled here works again, if their source reports them active.",
        "redecide": "Their access role is decided anew from locks, groups and mappings as they are now.",
    }
)
REASONS: Mapping[Effect | Outcome, str] = MappingProxyType(
    {
        "change": "Changes",
        "done": "Done",
        "already so": "Nothing to change",
        "own account": "Your own account",
        "beyond you": "Access role beyond yours",
        "local account": "Local account: its lock alone gives it the role",
        "its source": "Disabled by the source: enable it there",
        "last administrator": "Last active administrator",
        "changed since": "Changed since the preview",
        "gone": "Deleted since the preview",
        "refused": "Refused",
    }
)


STOPS: Mapping[EndReason, str] = MappingProxyType(
    {
        "": "Stopped",
        "operator": "Stopped: the operator who asked may no longer manage users.",
        "failures": "Stopped: it failed five times in a row. The log of the server says why.",
    }
)


def status_words(role_id: object, roles: Mapping[RoleId, AccessRole], *, active: bool) -> str:
    """Return what stands in the place of the role."""
    role = next((role for known, role in roles.items() if known == role_id), None)
    name = "a deleted role" if role is None else role.name
    return name if active else f"Disabled ({name})"


def words_after(outlook: Outlook | Pair, job: BulkJob, roles: Mapping[RoleId, AccessRole]) -> str:
    """Return what stands there afterwards; whom an operator keeps out differs from whom the source disabled."""
    words = status_words(outlook.to_role_id, roles, active=outlook.to_active)
    return f"Sign-in {words[:1].lower()}{words[1:]}" if job.order.deed == "disable" else words


def title_for(job: BulkJob, roles: Mapping[RoleId, AccessRole]) -> str:
    """Return what the action does, as a title."""
    role = None if job.order.role_id is None else roles.get(job.order.role_id)
    return DEEDS[job.order.deed] + (f" as {role.name}" if role is not None else "")
