"""Who may act on whom: nobody gives away, or takes away, more than they have."""

from directory.errors import ForbiddenError, InvalidError
from directory.model import AccessRole, Actor, RoleId
from directory.store import access

REASON_MAX = 500


async def role_within(role_id: RoleId, *, by: Actor, gone: bool = False) -> AccessRole:
    """Return a role of the actor's tenant that carries nothing the actor's own lacks; a deleted one too if ``gone``.

    Raises:
        InvalidError: the tenant has no such role.
        ForbiddenError: it carries more than the actor's own.
    """
    role = await access.find_role(by.tenant_id, role_id, gone=gone)
    if role is None:
        raise InvalidError("role", "is not one of this tenant")
    check_within(role, by=by)
    return role


def check_within(role: AccessRole, *, by: Actor) -> None:
    """Refuse to touch a role that carries more than the actor's own.

    Raises:
        ForbiddenError: it does.
    """
    if by.kind != "system":
        for permission in sorted(role.permissions - by.reach):
            raise ForbiddenError(permission)


def checked_reason(reason: str, *, name: str = "reason") -> str:
    """Return the words that people will read later.

    Raises:
        InvalidError: there are none, or too many, or they cannot be shown.
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_MAX or not reason.isprintable():
        raise InvalidError(name, f"is needed, in at most {REASON_MAX} characters that can be shown")
    return reason
