"""Users as people look at them: lists, counts, and why a role is what it is."""

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

import msgspec

from directory.errors import InvalidError, NotFoundError
from directory.model import AccessRole, RequestId, RoleLock, TenantId, User, UserId
from directory.names import words_in
from directory.store import access, accounts, people, policy
from directory.store.account_filters import AccountFilter, AccountOrder, FieldTest, Sort
from directory.store.accounts import Account, Considered, Manager

__all__ = [
    "Account",
    "AccountCount",
    "AccountFilter",
    "AccountOrder",
    "AccountPage",
    "Considered",
    "FieldTest",
    "Manager",
    "RoleExplanation",
    "Sort",
    "count_accounts",
    "count_up_to",
    "each_account",
    "explain_role",
    "list_accounts",
    "list_some",
]

COUNTED_MAX = 10_000
"""Up to here a narrowed list is counted exactly; beyond, people are told that there are more."""

FOUND_COUNTED_MAX = 1_000
"""The same of what a text finds: whoever reads so many types on."""

EXPORT_PAGE = 500
NEAREST_MAX = 5
NEAREST_CHARS = 3
SOME_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCount:
    """How many users a filter finds."""

    found: int
    more: bool = False
    """There are more than ``found``; how many was not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """One page of a list; ``next_after`` opens the next one."""

    accounts: list[Account]
    managers: dict[UserId, Manager]
    """The managers who have arrived, by the user whose manager they are."""
    next_after: str | None
    count: AccountCount | None
    """How many users all pages have; only the first page says it."""
    nearest: list[Account] = field(default_factory=list)
    """If a text found nobody: some whose words begin like its words, whatever else was asked for."""


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


NAMES_UP = AccountOrder()


async def list_accounts(
    tenant_id: TenantId,
    wanted: AccountFilter,
    *,
    order: AccountOrder = NAMES_UP,
    after: str | None = None,
    limit: int,
) -> AccountPage:
    """Return users in an order, a page at a time.

    Raises:
        InvalidError: ``after`` was not made by an earlier page of this order.
    """
    count: AccountCount | None = None
    nearest: list[Account] = []
    if after is None:
        found, count, nearest = await _begun(tenant_id, wanted, order, limit=limit + 1)
        order = replace(order, walks=_is_walked(wanted, order, count))
    else:
        behind, order = _parse_after(after, order)
        found = await accounts.page_of_accounts(tenant_id, wanted, order, after=behind, limit=limit + 1)
    page = [account for _, account in found[:limit]]
    more = len(found) > limit
    return AccountPage(
        accounts=page,
        managers=await accounts.find_managers(tenant_id, page),
        next_after=_render_after(found[limit - 1][0], order) if more else None,
        count=count,
        nearest=nearest,
    )


_Begun = tuple[accounts.Placed, AccountCount, list[Account]]
"""The first users, how many there are, and who is near if there are none."""


async def _begun(tenant_id: TenantId, wanted: AccountFilter, order: AccountOrder, *, limit: int) -> _Begun:
    """Return what a list begins with: by one pass, unless there are many."""
    near = _near(wanted)
    if near is not None and wanted == AccountFilter(text=wanted.text):
        begun = await _begun_by_text(tenant_id, wanted, near, order, limit=limit)
        if begun is not None:
            return begun
    if wanted.wants_everybody:
        count = await count_up_to(tenant_id, wanted)
    else:
        found, total = await accounts.first_page_and_count(
            tenant_id, wanted, order, limit=limit, at_most=_counted_max(wanted) + 1
        )
        count = _counted(total, wanted)
        if not count.more:
            return found, count, [] if found or near is None else await _list_near(tenant_id, near)
    order = replace(order, walks=_is_walked(wanted, order, count))
    return await accounts.page_of_accounts(tenant_id, wanted, order, after=None, limit=limit), count, []


async def _begun_by_text(
    tenant_id: TenantId, wanted: AccountFilter, near: AccountFilter, order: AccountOrder, *, limit: int
) -> _Begun | None:
    """Return the same of a text alone, with who is near by the same pass; None if too many are near."""
    found, total, is_all = await accounts.found_and_near(
        tenant_id, wanted, near, order, limit=limit, at_most=FOUND_COUNTED_MAX
    )
    if not is_all:
        return None
    if total == 0:
        return [], AccountCount(found=0), [account for _, account in found[:NEAREST_MAX]]
    return found, _counted(total, wanted), []


def _is_walked(wanted: AccountFilter, order: AccountOrder, count: AccountCount) -> bool:
    """Whether the first users by name fill a page soon: so many are wanted, and not because of their names."""
    return order.sort == "name" and (wanted.wants_everybody or (count.more and not wanted.text))


async def each_account(
    tenant_id: TenantId, wanted: AccountFilter, *, order: AccountOrder = NAMES_UP
) -> AsyncIterator[tuple[Account, Manager | None]]:
    """Yield every user whom the filter finds, with the manager if known, reading a page at a time."""
    behind: tuple[object, ...] | None = None
    order = replace(order, walks=order.sort == "name" and wanted.wants_everybody)
    while True:
        found = await accounts.page_of_accounts(tenant_id, wanted, order, after=behind, limit=EXPORT_PAGE)
        managers = await accounts.find_managers(tenant_id, [account for _, account in found])
        for _, account in found:
            yield account, managers.get(account.user_id)
        if len(found) < EXPORT_PAGE:
            return
        behind = found[-1][0]


async def count_accounts(tenant_id: TenantId, wanted: AccountFilter) -> int:
    """Return how many users the filter finds."""
    return await accounts.count_accounts(tenant_id, wanted)


async def count_up_to(tenant_id: TenantId, wanted: AccountFilter) -> AccountCount:
    """Return how many users the filter finds, exactly up to 10,000, of a text up to 1,000; everybody always exactly."""
    if wanted.wants_everybody:
        return AccountCount(found=await accounts.count_accounts(tenant_id, wanted))
    return _counted(await accounts.count_accounts(tenant_id, wanted, at_most=_counted_max(wanted) + 1), wanted)


def _counted_max(wanted: AccountFilter) -> int:
    return FOUND_COUNTED_MAX if wanted.text else COUNTED_MAX


def _counted(found: int, wanted: AccountFilter) -> AccountCount:
    most = _counted_max(wanted)
    return AccountCount(found=min(found, most), more=found > most)


async def list_some(tenant_id: TenantId, text: str, *, limit: int) -> tuple[list[Account], bool]:
    """Return users whom a text finds, by name, and whether it finds more; nobody is counted.

    Of a text that finds more than 500, they are the first of 500: it says too little to be looked for further.
    """
    wanted = AccountFilter(text=text)
    found, _ = await accounts.first_page_and_count(tenant_id, wanted, NAMES_UP, limit=limit + 1, at_most=SOME_MAX)
    return [account for _, account in found[:limit]], len(found) > limit


def _near(wanted: AccountFilter) -> AccountFilter | None:
    """Return who has words that begin like those of the text, which whoever it finds has too."""
    beginnings = " ".join(word[:NEAREST_CHARS] for word in words_in(wanted.text))
    return AccountFilter(text=beginnings) if beginnings else None


async def _list_near(tenant_id: TenantId, near: AccountFilter) -> list[Account]:
    found, _ = await accounts.first_page_and_count(tenant_id, near, NAMES_UP, limit=NEAREST_MAX, at_most=SOME_MAX)
    return [account for _, account in found]


async def explain_role(tenant_id: TenantId, user_id: UserId) -> RoleExplanation:
    """Return the derivation of a user's role.

    Raises:
        NotFoundError: no such user in the tenant.
    """
    user = await people.find_user(tenant_id, user_id)
    if user is None:
        raise NotFoundError("user", user_id)
    roles = {role.role_id: role for role in await access.list_roles(tenant_id, gone=True)}
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


def _render_after(place: tuple[object, ...], order: AccountOrder) -> str:
    text = msgspec.json.encode((order.sort, order.descending, order.walks, *place))
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


_PLACES: Mapping[Sort, type] = MappingProxyType(
    {
        "name": tuple[str, bool, bool, str, UUID],
        "user_name": tuple[str, bool, bool, str, UUID],
        "changed": tuple[str, bool, bool, datetime, UUID],
        "department": tuple[str, bool, bool, str, str, UUID],
        "role": tuple[str, bool, bool, int, str, UUID],
    }
)


def _parse_after(text: str, order: AccountOrder) -> tuple[tuple[object, ...], AccountOrder]:
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        parts: tuple[object, ...] = msgspec.json.decode(content, type=_PLACES[order.sort])
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidError("after", "is not a place in this list") from error
    sort, descending, walks, *place = parts
    if (sort, descending) != (order.sort, order.descending) or (walks and sort != "name"):
        raise InvalidError("after", "is a place in a list of another order")
    return tuple(place), replace(order, walks=bool(walks))
