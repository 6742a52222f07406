"""Sub Accounts: everyone of the tenant, searched, filtered and paged by key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response

from directory import access_roles, accounts, sources
from directory.accounts import AccountFilter
from directory.model import AccessRole, Origin, RoleId, Source, SourceId
from portal.auth import shows
from portal.forms import parse_uuid
from portal.rendering import asks_for, page
from portal.visit import PortalRequest

PEOPLE_MAX = 50
TEXT_CHARS_MAX = 200
LOCAL = "local"
Status = Literal["active", "disabled"]
STATUSES: tuple[Status, ...] = ("active", "disabled")
ORIGINS: tuple[Origin, ...] = ("mapping", "default", "lock")
MORE = {"sub-accounts-more": "sub_accounts/_more.html"}
FRAGMENTS = {"sub-accounts-list": "sub_accounts/_list.html", **MORE}
ChoiceT = TypeVar("ChoiceT", bound=str)


@dataclass(slots=True)
class Search:
    """The filters in the address; one that cannot be read is named in ``unread`` and narrows nothing."""

    params: dict[str, str]
    unread: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        """Return free text."""
        value = self.params.get(name, "").strip()
        if value.isprintable() and len(value) <= TEXT_CHARS_MAX:
            return value
        self.unread.append(name)
        return ""

    def choice(self, name: str, allowed: Sequence[ChoiceT]) -> ChoiceT | None:
        """Return one of ``allowed``, or None for all."""
        value = self.params.get(name, "")
        found = next((option for option in allowed if option == value), None)
        if value and found is None:
            self.unread.append(name)
        return found

    def ident(self, name: str, known: set[UUID]) -> UUID | None:
        """Return one of the ``known`` ids, or None for all."""
        value = self.params.get(name, "")
        found = parse_uuid(value)
        if value and found not in known:
            self.unread.append(name)
            return None
        return found

    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return any(value for name, value in self.params.items() if name not in {"after", "done"})

    def with_after(self, after: str) -> str:
        """Return the query text of the next page."""
        kept = {name: value for name, value in self.params.items() if value and name not in {"after", "done"}}
        return urlencode({**kept, "after": after})


@shows("/t/{slug:str}/sub-accounts", access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show one page of people; htmx asks for the list alone, or for the rows that follow."""
    tenant_id = request.auth.operator.tenant.tenant_id
    roles, connections = await access_roles.list_roles(tenant_id), await sources.list_sources(tenant_id)
    search = Search(dict(request.query_params))
    wanted = filter_from_search(search, roles=roles, connections=connections)
    after = request.query_params.get("after") or None
    found = await accounts.list_accounts(tenant_id, wanted, after=after, limit=PEOPLE_MAX)
    return page(
        request,
        "sub_accounts/page.html",
        fragments=FRAGMENTS,
        accounts=found.accounts,
        next_query=None if found.next_after is None else search.with_after(found.next_after),
        # Rows that follow show no count, and counting 100,000 people takes longer than finding the next 50.
        count=0 if asks_for(request, MORE) else await accounts.count_accounts(tenant_id, wanted),
        alone=asks_for(request, FRAGMENTS),
        search=search,
        wanted=wanted,
        roles=roles,
        connections=connections,
        after=after,
    )


def filter_from_search(search: Search, *, roles: list[AccessRole], connections: list[Source]) -> AccountFilter:
    """Return what is looked for."""
    role_id = search.ident("role", {role.role_id for role in roles})
    local = search.params.get("source") == LOCAL
    source_id = None if local else search.ident("source", {source.source_id for source in connections})
    return AccountFilter(
        text=search.text("q"),
        status=search.choice("status", STATUSES),
        origin=search.choice("origin", ORIGINS),
        role_id=None if role_id is None else RoleId(role_id),
        source_id=None if source_id is None else SourceId(source_id),
        local=local,
    )


HANDLERS = (show,)
