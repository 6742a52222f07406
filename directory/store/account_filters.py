"""Which users a list wants and in which order: values, and the SQL they come to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from directory.model import GroupId, Origin, RoleId, SourceId, TenantId, UserId
from directory.names import begins_within, name_key, words_in
from directory.plan_fields import VALUE_CHARS_MAX
from directory.store.compiled import Statement
from directory.store.conditions import NEVER, Values
from directory.store.waiting_refs import NAMED_BY

Sort = Literal["name", "user_name", "changed", "department", "role"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTest:
    """What a field must hold, whatever its case."""

    key: str
    text: str
    begins: bool = False
    """Whether the value may go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """Which users are wanted; None, False and empty text want everybody."""

    text: str = ""
    """Beginnings of words of the display name, the user name or the e-mail; all of them must be there."""
    status: Literal["active", "disabled"] | None = None
    role_id: RoleId | None = None
    origin: Origin | None = None
    source_id: SourceId | None = None
    local: bool = False
    """Only users of no source."""
    group_id: GroupId | None = None
    waiting: bool = False
    """Only users whose manager has not arrived."""
    manager_id: UserId | None = None
    """Only users whose manager this is."""
    holds: bool = False
    """Only users who have equipment."""
    to_tenant_id: TenantId | None = None
    """Only users who are in this tenant below by routing; none who only wait to be let in."""
    unseen_since: datetime | None = None
    """Only users of a source of whom it has changed nothing since."""
    fields: tuple[FieldTest, ...] = ()
    """Only users who satisfy all of these."""
    user_ids: tuple[UserId, ...] | None = None
    """Only these."""

    @property
    def wants_everybody(self) -> bool:
        """Whether nothing narrows the list."""
        return self == AccountFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOrder:
    """By what a list is ordered; then by name where that is not it, and always by id."""

    sort: Sort = "name"
    descending: bool = False
    walks: bool = False
    """By name along the index of names, reading rows until a page is full: for lists that have many of the users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """An order as SQL: expressions, the type each is bound as, and the direction of all of them."""

    keys: tuple[tuple[str, str], ...]
    descending: bool

    def order_by(self) -> str:
        """Return what follows ORDER BY."""
        direction = " DESC" if self.descending else ""
        return ", ".join(f"{expression}{direction}" for expression in (*(key for key, _ in self.keys), "t.id"))

    def selected(self) -> str:
        """Return the keys as columns, so that a page can say where it ended."""
        return ", ".join(f"{key} AS key_{place}" for place, (key, _) in enumerate(self.keys))

    def kept(self, name: str) -> str:
        """Return these columns of the table expression ``name``."""
        return ", ".join(f"{name}.key_{place}" for place in range(len(self.keys)))

    def order_by_kept(self, name: str) -> str:
        """Return the same order of the table expression ``name``."""
        direction = " DESC" if self.descending else ""
        columns = [f"key_{place}" for place in range(len(self.keys))]
        return ", ".join(f"{name}.{column}{direction}" for column in (*columns, "id"))

    def behind(self, place: tuple[object, ...], values: Values) -> str:
        """Return the condition of lying behind a place: the values of all keys, then an id."""
        names = ", ".join((*(key for key, _ in self.keys), "t.id"))
        types = (*(declared for _, declared in self.keys), "uuid")
        bound = ", ".join(values.place(value, declared) for value, declared in zip(place, types, strict=True))
        return f"({names}) {'<' if self.descending else '>'} ({bound})"


_KEYS: Mapping[Sort, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "name": (("t.list_name", "text"),),
        "user_name": (("t.list_user_name", "text"),),
        "changed": (("t.modified_at", "timestamptz"),),
        "department": (("t.list_department", "text"), ("t.list_name", "text")),
    }
)


def ordering_for(order: AccountOrder, roles: tuple[RoleId, ...], values: Values) -> Ordering:
    """Return the order as SQL; ``roles`` are all of the tenant in the order of their names."""
    keys: tuple[tuple[str, str], ...]
    if order.sort == "role":
        keys = ((_rank(roles, values), "bigint"), ("t.list_name", "text"))
    elif order.walks:
        keys = (("t.display_name_key", "text"),)
    else:
        keys = _KEYS[order.sort]
    return Ordering(keys=keys, descending=order.descending)


def _rank(roles: tuple[RoleId, ...], values: Values) -> str:
    cases = " ".join(f"WHEN {values.place(role_id, 'uuid')} THEN {place}" for place, role_id in enumerate(roles))
    return f"(CASE t.role_id {cases} ELSE {len(roles)} END)"


def table_for(wanted: AccountFilter, order: AccountOrder | None = None) -> tuple[str, str]:
    """Return the users' table, as PostgreSQL and as SQLite read it: the second must be told which index serves."""
    if wanted.user_ids is not None:
        return "user_row t", "user_row t"
    walks = order is not None and order.walks
    return "user_row t", f"user_row t INDEXED BY {'user_by_name' if walks else 'user_listed'}"


def conditions_for(
    wanted: AccountFilter, values: Values, *, large_group: bool = False, large: frozenset[FieldTest] = frozenset()
) -> str:
    """Return the condition on users as ``t``; ``$1`` is the tenant.

    What is dear to ask comes last: both databases then ask it of few rows. SQLite is told how to look for members:
    one by one in a large group, and in a list made beforehand for a small one; likewise for values that many have.
    """
    tests = ["t.tenant_id = $1::uuid", "t.deleted_at IS NULL"]
    if wanted.user_ids is not None:
        tests.append(f"t.id = ANY({values.place(list(wanted.user_ids), 'uuid[]')})")
    if wanted.status is not None:
        tests.append("t.active" if wanted.status == "active" else "NOT t.active")
    for column, value in (("role_id", wanted.role_id), ("source_id", wanted.source_id)):
        if value is not None:
            tests.append(f"t.{column} = {values.place(value, 'uuid')}")
    if wanted.local:
        tests.append("t.source_id IS NULL")
    if wanted.origin is not None:
        tests.append(f"t.origin = {values.place(wanted.origin, 'text')}")
    if wanted.unseen_since is not None:
        since = values.place(wanted.unseen_since, "timestamptz")
        tests.append(f"t.source_id IS NOT NULL AND t.modified_at < {since}")
    return " AND ".join(
        [
            *tests,
            *_words(wanted, values),
            *_links(wanted, values, large_group=large_group),
            *_values(wanted, values, large),
        ]
    )


def _words(wanted: AccountFilter, values: Values) -> list[str]:
    if not wanted.text.strip():
        return []
    sought = (word if begins_within(word) else f" {word}" for word in words_in(wanted.text))
    places = [values.place(word, "text") for word in sought]
    if not places:
        return [NEVER]
    named = " AND ".join(f"strpos(t.list_words, {place}) > 0" for place in places)
    formerly = " AND ".join(f"strpos(a.words, {place}) > 0" for place in places)
    aliases = f"SELECT a.user_id FROM alias_row a WHERE a.tenant_id = $1::uuid AND {formerly}"
    return [f"({named} OR t.id IN ({aliases}))"]


def _values(wanted: AccountFilter, values: Values, large: frozenset[FieldTest]) -> list[str]:
    tests = []
    for test in wanted.fields:
        having = having_for(test, values)
        tests.append(f"EXISTS ({having} AND v.user_id = t.id)" if test in large else f"t.id IN ({having})")
    return tests


def _links(wanted: AccountFilter, values: Values, *, large_group: bool) -> list[str]:
    tests = []
    if wanted.to_tenant_id is not None:
        led = values.place(wanted.to_tenant_id, "uuid")
        routes = f"SELECT r.user_id FROM route_row r WHERE r.tenant_id = $1::uuid AND r.to_tenant_id = {led}"
        routes += " AND r.copy_user_id IS NOT NULL"
        tests.append(f"t.id IN ({routes})")
    if wanted.group_id is not None:
        members = (
            "SELECT m.user_id FROM member_row m"
            f" WHERE m.tenant_id = $1::uuid AND m.group_id = {values.place(wanted.group_id, 'uuid')} AND NOT m.gone"
        )
        tests.append(f"EXISTS ({members} AND m.user_id = t.id)" if large_group else f"t.id IN ({members})")
    if wanted.holds:
        lent = "SELECT l.user_id FROM loan_row l WHERE l.tenant_id = $1::uuid AND l.returned_at IS NULL"
        tests.append(f"EXISTS ({lent} AND l.user_id = t.id)")
    if wanted.waiting:
        tests.append(f"t.id IN ({_REFERS} AND r.manager_id IS NULL)")
    if wanted.manager_id is not None:
        tests.append(f"t.id IN ({_REFERS} AND r.manager_id = {values.place(wanted.manager_id, 'uuid')})")
    return tests


def having_for(test: FieldTest, values: Values) -> str:
    """Return the select of users whose value satisfies a test; the index orders values by code point."""
    key = name_key(test.text)[:VALUE_CHARS_MAX]
    having = (
        "SELECT v.user_id FROM field_value_row v"
        f" WHERE v.tenant_id = $1::uuid AND v.field_key = {values.place(test.key, 'text')}"
    )
    if not test.begins:
        return f"{having} AND v.value_key{_BY_CODE} = {values.place(key, 'text')}"
    low, high = values.place(key, "text"), values.place(f"{key}{_LAST_CHARACTER}", "text")
    return f"{having} AND v.value_key{_BY_CODE} >= {low} AND v.value_key{_BY_CODE} < {high}"


_BY_CODE: Final = ' COLLATE "C"'
_LAST_CHARACTER: Final = "\U0010ffff"
_REFERS: Final = f"SELECT u.id FROM reference_row r CROSS JOIN user_row u WHERE r.tenant_id = $1::uuid AND {NAMED_BY}"


@lru_cache(maxsize=512)
def statement_for(postgres: str, sqlite: str) -> Statement:
    """Return a statement, put together once per shape of filter and order."""
    return Statement(postgres, sqlite=sqlite.replace("strpos(", "instr(").replace(_BY_CODE, ""))
