"""Whose rows a statement may touch: one tenant's, which each statement names, or, where that is said, those of all."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias, cast
from uuid import UUID

from directory.store.errors import IsolationError


class Reach(Enum):
    """Whose rows are meant, where it is not one tenant."""

    HOUSE = "house"
    """Those of all tenants: duties, and what is looked for before the tenant is known."""
    NOBODYS = "nobodys"
    """None at all: the statement touches nothing that belongs to a tenant."""


HOUSE: Final = Reach.HOUSE
NOBODYS: Final = Reach.NOBODYS
Scope: TypeAlias = UUID | Reach

_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)

UNBOUND = frozenset({"job_row", "server_key_row", "throttle_row"})
"""Tables without tenants: who works, what seals cookies, and counters of tries by address."""

_TABLE = re.compile(r"\b(\w+_row)\b")
_EQUALS = re.compile(r"\btenant_id\s*=\s*\$(\d+)")
_TENANT_ROW = re.compile(r"\btenant_row\b(?:\s+(?:AS\s+)?(?!WHERE\b|SET\b|ORDER\b|JOIN\b|LEFT\b|ON\b|CROSS\b)(\w+))?")
_INSERT = re.compile(r"\bINSERT\s+INTO\s+(\w+)\s*\(([^)]*)\)\s*(?:VALUES\s*\(|SELECT\s+)", re.IGNORECASE)
_PARAMETER = re.compile(r"\$(\d+)(?:::\w+)?\s*\Z")


class Named(NamedTuple):
    """Where a statement names the tenant whose rows it touches."""

    scope: Reach | None
    """Whose rows it touches whatever its arguments are; None: those of the tenant that they name."""
    at: tuple[int, ...] = ()
    """The arguments that are the tenant's id, from 0."""


BY_THE_FIRST: Final = Named(None, (0,))
"""By the first argument, or the first value of each row."""


@lru_cache(maxsize=4096)
def named_in(sql: str) -> Named:
    """Return where a text, in PostgreSQL's words, names its tenant; it names none where ``at`` is empty."""
    tables = set(_TABLE.findall(sql)) - UNBOUND
    if not tables:
        return Named(NOBODYS)
    found = {int(number) - 1 for number in _EQUALS.findall(sql)}
    for match in _TENANT_ROW.finditer(sql):
        alias = re.escape(match[1]) + r"\." if match[1] else r"(?<![.\w])(?:tenant_row\.)?"
        found |= {int(number) - 1 for number in re.findall(rf"(?<!\w){alias}id\s*=\s*\$(\d+)", sql)}
    found |= set(_inserted(sql))
    return Named(None, tuple(sorted(found)))


def _inserted(sql: str) -> Iterator[int]:
    """Yield the arguments that are inserted as the tenant."""
    for match in _INSERT.finditer(sql):
        columns = [column.strip() for column in match[2].split(",")]
        name = "id" if match[1] == "tenant_row" else "tenant_id"
        if name in columns:
            value = _item(sql, match.end(), columns.index(name))
            if (parameter := _PARAMETER.match(value.strip())) is not None:
                yield int(parameter[1]) - 1


def _item(sql: str, start: int, place: int) -> str:
    """Return one of the values that are separated by commas from ``start`` on."""
    depth, begin = 0, start
    for at in range(start, len(sql)):
        letter = sql[at]
        if depth == 0 and (letter in ",)" or sql.startswith(" FROM ", at)):
            if place == 0:
                return sql[begin:at]
            place, begin = place - 1, at + 1
        depth += (letter == "(") - (letter == ")")
    return sql[begin:] if place == 0 else ""


def settled_scope(named: Named) -> Scope | None:
    """Return whose rows a statement may touch where its arguments do not matter, or None."""
    if named.scope is None and _scope.get() is HOUSE:
        return HOUSE
    return named.scope


def scope_for(named: Named, args: Sequence[object], lists: Sequence[int] = ()) -> Scope:
    """Return whose rows a statement with these arguments may touch; of ``lists`` each has a tenant for each row.

    Raises:
        IsolationError: it names no tenant where one must be named, or another than the one whose turn it is.
    """
    if named.scope is not None:
        return named.scope
    scope = _scope.get()
    if scope is HOUSE:
        return HOUSE
    for at in named.at:
        tenant = same_tenant(args[at]) if at in lists else args[at]
        if scope is None:
            if not isinstance(tenant, UUID):
                raise IsolationError("a statement with a tenant that is none")
            scope = tenant
        elif tenant is not scope and tenant != scope:
            raise IsolationError("a statement about another tenant than the one whose turn it is")
    if not named.at or scope is None:
        raise IsolationError("a statement without a tenant: name one, or say that it is of the house")
    return scope


def same_tenant(values: object) -> object:
    """Return the one tenant of several rows.

    Raises:
        IsolationError: they are of several.
    """
    first, *others = cast("Sequence[object]", values)
    if any(value != first for value in others):
        raise IsolationError("rows of several tenants in one statement: that is of the house")
    return first


def current_scope() -> Scope | None:
    """Return whose turn it is; None before that is known."""
    return _scope.get()


def unit_scope(tenant_id: UUID | None) -> Scope:
    """Return whose rows a unit of work is about.

    Raises:
        IsolationError: it is another tenant's than the one whose turn it is.
    """
    if tenant_id is None:
        return HOUSE
    scope = _scope.get()
    if scope is not None and scope is not HOUSE and scope != tenant_id:
        raise IsolationError("a unit of work of another tenant than the one whose turn it is")
    return tenant_id


@contextmanager
def scoped(scope: Scope | None) -> Iterator[None]:
    """Let it be the turn of ``scope`` in the body; None: of whomever each statement names."""
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


def enter(tenant_id: UUID) -> None:
    """Let it be one tenant's turn from here to the end of the surrounding ``scoped``, or of the task.

    Raises:
        IsolationError: it is another one's already.
    """
    _scope.set(unit_scope(tenant_id))
