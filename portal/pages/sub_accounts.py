"""Sub Accounts: everyone of the tenant, searched, filtered, sorted and paged by key."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeAlias

from litestar import Response

from directory import accounts, exports, fields, loans, saved_views
from directory.accounts import Account, AccountFilter, AccountOrder, Manager
from directory.fields import AttributeField
from directory.model import TenantId, UserId
from directory.routes import stays
from portal.account_search import FILTERS, SIZES, SORTS, UNSEEN_DAYS, search_of
from portal.auth import shows
from portal.csv_export import Cell, send_csv
from portal.export_words import narrowed_by
from portal.forms import parse_uuid
from portal.rendering import asks_for, page
from portal.visit import PortalRequest, Visit

SUB_ACCOUNTS = "/t/{slug:str}/sub-accounts"
MORE = {"sub-accounts-more": "sub_accounts/_more.html"}
FRAGMENTS = {"sub-accounts-list": "sub_accounts/_list.html", **MORE}
PICKED_MAX = 1_000
BATCH = 500
Found: TypeAlias = AsyncIterator[tuple[Account, Manager | None]]
COLUMNS = (
    "Id", "Name", "User name", "E-mail", "Status", "Access role", "Role from", "Department", "Manager", "Source",
    "Last change", "Equipment",
)  # fmt: skip
ORIGIN_WORDS = {"mapping": "Group", "default": "Default", "lock": "Lock"}


@shows(SUB_ACCOUNTS, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show one page of people; htmx asks for the list alone, or for the rows that follow."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    search, choices = await search_of(request)
    after = request.query_params.get("after") or None
    found = await accounts.list_accounts(tenant_id, search.wanted, order=search.order, after=after, limit=search.size)
    count = found.count
    if count is None and not asks_for(request, MORE):  # a later page by itself says how many there are in all
        count = await accounts.count_up_to(tenant_id, search.wanted)
    listed = [field for field in choices.fields if field.listed]
    values = await fields.values_of(tenant_id, [one.user_id for one in found.accounts] if listed else [])
    views = await saved_views.list_views(tenant_id, visit.operator.user.user_id)
    return page(
        request,
        "sub_accounts/page.html",
        fragments=FRAGMENTS,
        accounts=found.accounts,
        managers=found.managers,
        listed=listed,
        values=values,
        lent=await loans.counts_of(tenant_id, [one.user_id for one in found.accounts]),
        count=count,
        next_query=None if found.next_after is None else search.query(after=found.next_after),
        alone=asks_for(request, FRAGMENTS),
        search=search,
        choices=choices,
        after=after,
        views=views,
        here=next((view for view in views if view.query == search.query()), None),
        nearest=found.nearest,
        filters=FILTERS,
        sorts=dict(SORTS),
        unseen_days=UNSEEN_DAYS,
        sizes=SIZES,
        origin_words=ORIGIN_WORDS,
        may_manage=visit.may("users:manage"),
        led=await stays.stays_of(tenant_id, [one.user_id for one in found.accounts]) if tells_tenants(visit) else None,
        routed_id=next((one.source_id for one in choices.connections if one.kind == "routed"), None),
    )


@shows(f"{SUB_ACCOUNTS}/export.csv", access="portal:view", fresh=True)
async def export(request: PortalRequest) -> Response[Any]:
    """Send everybody whom the filter of the address finds, or only the picked ones, as CSV."""
    search, choices = await search_of(request)
    visit = request.auth
    wanted, order, words = search.wanted, search.order, narrowed_by({**search.params, **search.told})
    if picked := picked_in(request.query_params.getall("user_id", [])):
        wanted, order = AccountFilter(user_ids=picked), AccountOrder()
        words = f"People who were picked: {len(picked)}"
    tenant_id, known = visit.operator.tenant.tenant_id, choices.fields
    rows = _lines(tenant_id, accounts.each_account(tenant_id, wanted, order=order), known)
    await exports.record_list("Sub Accounts", words, by=visit.by, now=visit.now)
    return await send_csv(request, "people.csv", (*COLUMNS, *(field.label for field in known)), rows)


def tells_tenants(visit: Visit) -> bool:
    """Whether the list says in which tenants below people are."""
    return visit.operator.tenant.is_super


def picked_in(texts: Sequence[str]) -> tuple[UserId, ...]:
    """Return the ids among the texts; what is none stands for nobody."""
    found = (parse_uuid(text) for text in texts[:PICKED_MAX])
    return tuple(UserId(ident) for ident in found if ident is not None)


async def _lines(tenant_id: TenantId, found: Found, known: Sequence[AttributeField]) -> AsyncIterator[Sequence[Cell]]:
    """Yield a line for each person; what they have in fields is read for some hundred at once."""
    async for some in _batches(found):
        user_ids = [account.user_id for account, _ in some]
        values = await fields.values_of(tenant_id, user_ids if known else [])
        lent = await loans.counts_of(tenant_id, user_ids)
        for account, manager in some:
            own = values.get(account.user_id, {})
            yield (*_line(account, manager), lent.get(account.user_id, 0), *(own.get(field.key) for field in known))


async def _batches(found: Found) -> AsyncIterator[list[tuple[Account, Manager | None]]]:
    some: list[tuple[Account, Manager | None]] = []
    async for one in found:
        some.append(one)
        if len(some) == BATCH:
            yield some
            some = []
    yield some


def _line(account: Account, manager: Manager | None) -> tuple[Cell, ...]:
    return (
        str(account.user_id),
        account.display_name,
        account.user_name,
        account.email,
        "active" if account.active else "disabled",
        account.role_name,
        ORIGIN_WORDS[account.origin],
        account.department,
        account.manager_ref if manager is None else manager.name,
        account.source_label or "Local",
        account.modified_at,
    )


HANDLERS = (show, export)
