"""Which users a list wants and in which order: values, and the SQL they come to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from directory.model import GroupId, Origin, RoleId, SourceId, UserId
from directory.names import begins_within, words_in
from directory.store.compiled import Statement
from directory.store.conditions import NEVER, Values

Sort = Literal["name", "user_name", "changed", "department", "role"]

REF_CHARS: Final = 200
"""So much of a reference to a manager is in the index."""


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
    unseen_since: datetime | None = None
    """Only users of a source of whom it has changed nothing since."""
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


def conditions_for(wanted: AccountFilter, values: Values, *, large_group: bool = False) -> str:
    """Return the condition on users as ``t``; ``$1`` is the tenant.

    What is dear to ask comes last: both databases then ask it of few rows. SQLite is told how to look for members:
    one by one in a large group, and in a list made beforehand for a small one.
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
    return " AND ".join([*tests, *_words(wanted, values), *_links(wanted, values, large_group=large_group)])


def _words(wanted: AccountFilter, values: Values) -> list[str]:
    if not wanted.text.strip():
        return []
    sought = (word if begins_within(word) else f" {word}" for word in words_in(wanted.text))
    return [f"strpos(t.list_words, {values.place(word, 'text')}) > 0" for word in sought] or [NEVER]


def _links(wanted: AccountFilter, values: Values, *, large_group: bool) -> list[str]:
    tests = []
    if wanted.group_id is not None:
        members = (
            "SELECT m.user_id FROM member_row m"
            f" WHERE m.tenant_id = $1::uuid AND m.group_id = {values.place(wanted.group_id, 'uuid')}"
        )
        tests.append(f"EXISTS ({members} AND m.user_id = t.id)" if large_group else f"t.id IN ({members})")
    if wanted.waiting:
        tests.append(f"t.id IN ({_WAITING})")
    return tests


_REF: Final = f"substr(u.manager_ref, 1, {REF_CHARS})"
_WITH_REF: Final = "u.tenant_id = $1::uuid AND u.manager_ref IS NOT NULL AND u.deleted_at IS NULL"
_REF_AS_ID: Final = (
    "CASE WHEN refs.ref ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN refs.ref::uuid END"
)
# From one manager's reference to the next by the index: there are far fewer of them than users.
_WAITING: Final = (
    f"WITH RECURSIVE refs AS (SELECT (SELECT min({_REF}) FROM user_row u WHERE {_WITH_REF}) AS ref"
    f" UNION ALL SELECT (SELECT min({_REF}) FROM user_row u WHERE {_WITH_REF} AND {_REF} > refs.ref)"
    " FROM refs WHERE refs.ref IS NOT NULL)"
    f" SELECT u.id FROM refs CROSS JOIN user_row u WHERE refs.ref IS NOT NULL AND {_WITH_REF} AND {_REF} = refs.ref"
    " AND NOT EXISTS (SELECT 1 FROM source_row s JOIN user_link_row k"
    " ON k.tenant_id = s.tenant_id AND k.source_id = s.id AND k.external_id = refs.ref"
    " JOIN user_row m ON m.tenant_id = k.tenant_id AND m.id = k.user_id"
    " WHERE s.tenant_id = $1::uuid AND m.deleted_at IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM user_row m"
    f" WHERE m.tenant_id = $1::uuid AND m.id = {_REF_AS_ID} AND m.deleted_at IS NULL)"
)


@lru_cache(maxsize=512)
def statement_for(postgres: str, sqlite: str) -> Statement:
    """Return a statement, put together once per shape of filter and order."""
    return Statement(postgres, sqlite=sqlite.replace("strpos(", "instr(").replace(_REF_AS_ID, "refs.ref"))
