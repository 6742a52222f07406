"""Users as people look at them: lists, counts, and why a role is what it is."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from directory.errors import InvalidError, NotFoundError
from directory.model import AccessRole, RequestId, RoleLock, TenantId, User, UserId
from directory.store import access, accounts, people, policy
from directory.store.accounts import Account, AccountFilter, Considered

__all__ = [
    "Account",
    "AccountFilter",
    "AccountPage",
    "Considered",
    "RoleExplanation",
    "count_accounts",
    "explain_role",
    "list_accounts",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """One page of a list; ``next_after`` opens the next one."""

    accounts: list[Account]
    next_after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleExplanation:
    """Why a user has its role: everything the role rule looked at."""

    user: User
    role: AccessRole
    lock: RoleLock | None
    unlocked_role: AccessRole | None
    """The role without the lock; None when there is no lock."""
    considered: list[Considered]
    """The mappings that the user's groups make eligible, in their order: the first one decides, unless locked."""
    default_role: AccessRole
    decided_at: datetime
    decided_request_id: RequestId | None
    """The request that brought the decision; None when an operator or a job did."""


async def list_accounts(tenant_id: TenantId, wanted: AccountFilter, *, after: str | None, limit: int) -> AccountPage:
    """Return users in the order of their names, a page at a time.

    Raises:
        InvalidError: ``after`` was not made by an earlier page.
    """
    behind = None if after is None else _parse_after(after)
    found = await accounts.page_of_accounts(tenant_id, wanted, after=behind, limit=limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return AccountPage(
        accounts=[account for _, account in page],
        next_after=_render_after(page[-1][0], page[-1][1].user_id) if more else None,
    )


async def count_accounts(tenant_id: TenantId, wanted: AccountFilter) -> int:
    """Return how many users the filter finds."""
    return await accounts.count_accounts(tenant_id, wanted)


async def explain_role(tenant_id: TenantId, user_id: UserId) -> RoleExplanation:
    """Return the derivation of a user's role.

    Raises:
        NotFoundError: no such user in the tenant.
    """
    user = await people.find_user(tenant_id, user_id)
    if user is None:
        raise NotFoundError("user", user_id)
    roles = {role.role_id: role for role in await access.list_roles(tenant_id)}
    default_role_id = (await policy.read_policy(tenant_id)).default_role_id
    unlocked = user.decision.unlocked_role_id
    return RoleExplanation(
        user=user,
        role=roles[user.decision.role_id],
        lock=user.lock,
        unlocked_role=None if unlocked is None else roles[unlocked],
        considered=list(await accounts.list_considered(tenant_id, user_id)),
        default_role=roles[default_role_id],
        decided_at=user.decided_at,
        decided_request_id=user.decided_request_id,
    )


def _render_after(name: str, user_id: UUID) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((name, user_id))).decode().rstrip("=")


def _parse_after(text: str) -> tuple[str, UUID]:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=tuple[str, UUID])
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidError("after", "is not a place in this list") from error
