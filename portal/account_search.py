"""Which people an address or a form asks for: parameters to a filter, and back to words and addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from directory import access_roles, fields, groups, sources, users
from directory.accounts import AccountFilter, AccountOrder, FieldTest, Sort
from directory.errors import NotFoundError
from directory.fields import AttributeField
from directory.model import AccessRole, Group, GroupId, Origin, RoleId, Source, SourceId, TenantId, User, UserId
from directory.routes import stays
from portal.forms import parse_uuid
from portal.visit import PortalRequest

TEXT_CHARS_MAX = 200
QUERY_CHARS_MAX = 2_000
LOCAL = "local"
STATUSES: tuple[tuple[str, str], ...] = (("active", "Active"), ("disabled", "Disabled"))
ORIGINS: tuple[tuple[Origin, str], ...] = (("mapping", "Group"), ("default", "Default"), ("lock", "Lock"))
SORTS: tuple[tuple[Sort, str], ...] = (
    ("name", "Name"),
    ("user_name", "User name"),
    ("role", "Access role"),
    ("department", "Department"),
    ("changed", "Changed"),
)
UNSEEN_DAYS = (7, 30, 90, 180, 365)
SIZES = (25, 50, 100)
SIZE = 50
FILTERS = ("q", "status", "role", "origin", "source", "group", "manager", "waiting", "equipment", "unseen", "tenant")
FIELD = "f."
"""Before the key of a field that a list is narrowed by."""

LAYOUT = ("sort", "dir", "size")
LABELS: Mapping[str, str] = {
    "q": "Search",
    "status": "Status",
    "role": "Access role",
    "origin": "Role from",
    "source": "Source",
    "group": "Group",
    "manager": "Manager",
    "waiting": "Waiting",
    "equipment": "Equipment",
    "unseen": "Not seen for",
    "tenant": "In the tenant",
    "sort": "Sorting",
    "dir": "Direction",
    "size": "Page size",
}
KeyT = TypeVar("KeyT")
ChoiceT = TypeVar("ChoiceT", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a tenant has to choose from."""

    roles: list[AccessRole]
    connections: list[Source]
    group: Group | None
    """The group that is asked for, if there is one."""
    manager: User | None = None
    """The manager whose reports are asked for, if there is one."""
    fields: list[AttributeField] = field(default_factory=list)
    """Attributes under names of the tenant's own."""
    below: Mapping[str, TenantId] = field(default_factory=dict)
    """The tenants below a super tenant, by slug."""


@dataclass(slots=True, kw_only=True)
class Search:
    """What is asked for, as a filter and as it stands in the address.

    A value that cannot be read is named in ``unread`` and never widens the list unseen.
    """

    params: dict[str, str]
    """The parameters that were understood and say something."""
    unread: list[str] = field(default_factory=list)
    wanted: AccountFilter = field(default_factory=AccountFilter)
    order: AccountOrder = field(default_factory=AccountOrder)
    size: int = SIZE
    told: dict[str, str] = field(default_factory=dict)
    """Each filter in use, in words."""
    labels: Mapping[str, str] = field(default_factory=lambda: LABELS)

    def query(self, *without: str, **changed: str) -> str:
        """Return the query text of this list with some parameters taken out or changed."""
        kept = {name: value for name, value in self.params.items() if name not in without}
        return urlencode({name: value for name, value in {**kept, **changed}.items() if value})

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is in use."""
        return bool(self.told)

    @property
    def words(self) -> str:
        """The filters in use as a sentence; empty when everybody is wanted."""
        return " · ".join(self.named.values())

    @property
    def named(self) -> dict[str, str]:
        """Each filter in use as a name and what it says."""
        return {name: f"{self.labels[name]}: {text}" for name, text in self.told.items()}

    def direction(self, sort: Sort) -> str:
        """Return how the list is sorted by this column, in the words of ``aria-sort``."""
        if self.order.sort != sort:
            return "none"
        return "descending" if self.order.descending else "ascending"

    def sorted_query(self, sort: Sort) -> str:
        """Return the query text of the list sorted by a column; the other way round if it is so already."""
        turned = self.order.sort == sort and not self.order.descending
        return self.query(sort="" if sort == "name" else sort, dir="down" if turned else "")


class _Reader:
    """Takes one parameter after the other; notes what each says and which cannot be read."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self.given = params
        self.search = Search(params={})

    def keep(self, name: str, words: str | None = None) -> None:
        self.search.params[name] = self.given[name]
        if words is not None:
            self.search.told[name] = words

    def text(self, name: str) -> str:
        value = self.given.get(name, "").strip()
        if not value.isprintable() or len(value) > TEXT_CHARS_MAX:
            self.search.unread.append(name)
            return ""
        if value:
            self.keep(name, f"“{value}”")
        return value

    def choice(self, name: str, allowed: Sequence[tuple[ChoiceT, str]], *, filters: bool = True) -> ChoiceT | None:
        value = self.given.get(name, "")
        for option, words in allowed:
            if option == value:
                self.keep(name, words if filters else None)
                return option
        if value:
            self.search.unread.append(name)
        return None

    def field_tests(self, known: Sequence[AttributeField]) -> tuple[FieldTest, ...]:
        """Read what fields must hold; a star at the end stands for whatever follows."""
        tests = []
        for one in known:
            value = self.text(f"{FIELD}{one.key}")
            if value:
                tests.append(FieldTest(key=one.key, text=value.rstrip("*").strip(), begins=value.endswith("*")))
        gone = [
            name for name in self.given if name.startswith(FIELD) and name[len(FIELD) :] not in {f.key for f in known}
        ]
        self.search.unread += gone
        self.search.labels = {**LABELS, **{f"{FIELD}{one.key}": one.label for one in known}}
        return tuple(tests)

    def ident(self, name: str, known: Mapping[UUID, str]) -> UUID | None:
        value = self.given.get(name, "")
        found = parse_uuid(value)
        if found is not None and found in known:
            self.keep(name, known[found])
            return found
        if value:
            self.search.unread.append(name)
        return None


async def choices_for(tenant_id: TenantId, params: Mapping[str, str]) -> Choices:
    """Return what there is to choose from; of the groups, only the one that is asked for."""
    return Choices(
        roles=await access_roles.list_roles(tenant_id),
        connections=await sources.list_sources(tenant_id),
        group=await _group_in(tenant_id, params),
        manager=await _manager_in(tenant_id, params),
        fields=await fields.list_fields(tenant_id),
        below=await stays.slugs_below(tenant_id) if "tenant" in params else {},
    )


async def _group_in(tenant_id: TenantId, params: Mapping[str, str]) -> Group | None:
    group_id = parse_uuid(params.get("group", ""))
    if group_id is None:
        return None
    try:
        return await groups.get_group(tenant_id, GroupId(group_id))
    except NotFoundError:
        return None


async def _manager_in(tenant_id: TenantId, params: Mapping[str, str]) -> User | None:
    user_id = parse_uuid(params.get("manager", ""))
    if user_id is None:
        return None
    try:
        return await users.get_user(tenant_id, UserId(user_id))
    except NotFoundError:
        return None


def search_from(params: Mapping[str, str], choices: Choices, *, now: datetime) -> Search:
    """Return what the parameters of an address ask for."""
    reader = _Reader(params)
    roles: dict[UUID, str] = {role.role_id: role.name for role in choices.roles}
    labels: dict[UUID, str] = {source.source_id: source.label for source in choices.connections}
    known_groups: dict[UUID, str] = {}
    if choices.group is not None:
        known_groups[choices.group.group_id] = choices.group.attributes.display_name
    manager = choices.manager
    known_managers: dict[UUID, str] = {} if manager is None else {manager.user_id: manager.promoted.display_name}
    manager_id = reader.ident("manager", known_managers)
    text, status = reader.text("q"), reader.choice("status", STATUSES)
    role_id, origin = reader.ident("role", roles), reader.choice("origin", ORIGINS)
    local = params.get("source") == LOCAL
    if local:
        reader.keep("source", "Local")
    source_id = None if local else reader.ident("source", labels)
    group_id = reader.ident("group", known_groups)
    waiting = reader.choice("waiting", (("manager", "for a manager"),)) is not None
    led_to = reader.choice("tenant", tuple((slug, slug) for slug in choices.below))
    holds = reader.choice("equipment", (("held", "has some"),)) is not None
    unseen = reader.choice("unseen", tuple((str(days), f"{days} days") for days in UNSEEN_DAYS))
    reader.search.wanted = AccountFilter(
        text=text,
        status="active" if status == "active" else "disabled" if status else None,
        role_id=None if role_id is None else RoleId(role_id),
        origin=origin,
        source_id=None if source_id is None else SourceId(source_id),
        local=local,
        group_id=None if group_id is None else GroupId(group_id),
        manager_id=None if manager_id is None else UserId(manager_id),
        waiting=waiting,
        holds=holds,
        to_tenant_id=None if led_to is None else choices.below[led_to],
        fields=reader.field_tests(choices.fields),
        unseen_since=None if unseen is None else now - timedelta(days=int(unseen)),
    )
    return _with_layout(reader)


def _with_layout(reader: _Reader) -> Search:
    search = reader.search
    sort = reader.choice("sort", SORTS, filters=False) or "name"
    descending = reader.choice("dir", (("down", ""), ("up", "")), filters=False) == "down"
    size = reader.choice("size", tuple((str(size), "") for size in SIZES), filters=False)
    search.order = AccountOrder(sort=sort, descending=descending)
    search.size = SIZE if size is None else int(size)
    return search


def params_from(query: str) -> dict[str, str]:
    """Return the parameters of a query text that are about the list; what is no query text has none."""
    try:
        pairs = parse_qsl(query[:QUERY_CHARS_MAX], errors="strict", max_num_fields=50)
    except (UnicodeDecodeError, ValueError):
        return {}
    return {name: value for name, value in pairs if name in {*FILTERS, *LAYOUT} or name.startswith(FIELD)}


async def searches_in(request: PortalRequest, asked: Mapping[KeyT, Mapping[str, str]]) -> dict[KeyT, Search]:
    """Return what each of many parameters ask for; what there is to choose from is read once for all of them."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    choices = await choices_for(tenant_id, {})
    known = {
        text: await _group_in(tenant_id, {"group": text}) for text in {one.get("group", "") for one in asked.values()}
    }
    return {
        key: search_from(params, replace(choices, group=known[params.get("group", "")]), now=visit.now)
        for key, params in asked.items()
    }


async def search_of(request: PortalRequest) -> tuple[Search, Choices]:
    """Return what the address of a request asks for, and what there is to choose from."""
    return await search_in(request, dict(request.query_params))


async def search_in(request: PortalRequest, params: Mapping[str, str]) -> tuple[Search, Choices]:
    """Return what parameters ask for in the tenant of a request."""
    visit = request.auth
    choices = await choices_for(visit.operator.tenant.tenant_id, params)
    return search_from(params, choices, now=visit.now), choices
