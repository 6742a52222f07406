"""Statements that are put together once and run with fresh arguments: hand-written ones, and Piccolo's."""

import inspect
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Self

from directory.store.dialect import sqlite_text
from directory.store.tenancy import HOUSE, Named, Scope, named_in, scope_for
from directory.store.values import check_text, json_list


class Statement:
    """SQL written once, in PostgreSQL's words that ``dialect.sqlite_text`` knows how to translate.

    Parameters are ``$1``, ``$2``, …; a list is ``$1::uuid[]`` and is given as a list. ``sqlite`` is a text of its own
    for SQLite, with the same parameters, where the two really differ; it is translated too.

    It names the tenant whose rows it touches (``tenant_id = $1``). ``house`` says that it means those of all tenants.
    """

    def __init__(self, sql: str, *, sqlite: str | None = None, house: bool = False) -> None:
        self._postgres = sql.strip()
        self._house = house
        self._sqlite, lists = sqlite_text(sql if sqlite is None else sqlite)
        self._lists = tuple(lists.items())

    @property
    def postgres(self) -> str:
        """The text as PostgreSQL is given it."""
        return self._postgres

    @cached_property
    def named(self) -> Named:
        """Where it names its tenant."""
        return Named(HOUSE) if self._house else named_in(self._postgres)

    def scope(self, args: Sequence[object]) -> Scope:
        """Return whose rows it may touch with these arguments."""
        return scope_for(self.named, args)

    def __repr__(self) -> str:
        return f"Statement({self._postgres!r})"

    def bind(self, engine_type: str, args: Sequence[object]) -> tuple[str, Sequence[object]]:
        """Return the text and the arguments as the driver takes them."""
        if engine_type != "sqlite":
            return self._postgres, args
        check_text(args)
        if self._lists:
            values = list(args)
            for at, declared_type in self._lists:
                values[at] = json_list(args[at], declared_type)  # type: ignore[arg-type]  # a list, or the driver says so
            return self._sqlite, values
        return self._sqlite, args


class Placeholder(str):
    """Stands for an argument while Piccolo builds; a str, so that JSON columns pass it through unchanged."""

    __slots__ = ("position",)
    position: int

    def __new__(cls, position: int) -> Self:
        """``position`` is the argument's, from 0."""
        self = super().__new__(cls, f"\0{position}")
        self.position = position
        return self


class Slot(NamedTuple):
    """Where one value of a compiled query comes from: an argument, or what Piccolo wrote itself."""

    at: int | None
    constant: object


class CompiledQuery:
    """A Piccolo query, built once per kind of database from a function of placeholders.

    Equality with a ``None`` argument finds nothing: write another query with ``is_null()``.
    """

    def __init__(self, build: Callable[..., Any]) -> None:
        self._build = build
        self._arity = len(inspect.signature(build).parameters)
        self._compiled: dict[str, tuple[str, list[Slot]]] = {}

    @cached_property
    def named(self) -> Named:
        """Where it names its tenant."""
        sql, slots = self._compiled.get("postgres") or self._compile("postgres")
        named = named_in(sql.replace('"', ""))
        return named._replace(at=tuple(at for at in (slots[place].at for place in named.at) if at is not None))

    def scope(self, args: Sequence[object]) -> Scope:
        """Return whose rows it may touch with these arguments."""
        return scope_for(self.named, args)

    def bind(self, engine_type: str, args: Sequence[object]) -> tuple[str, Sequence[object]]:
        """Return the text and the arguments as the driver takes them.

        Raises:
            TypeError: too few or too many arguments, or Piccolo made a constant of one of them.
        """
        if len(args) != self._arity:
            raise TypeError(f"this query takes {self._arity} arguments, not {len(args)}")
        sql, slots = self._compiled.get(engine_type) or self._compile(engine_type)
        if engine_type == "sqlite":
            check_text(args)
        return sql, [slot.constant if slot.at is None else args[slot.at] for slot in slots]

    def _compile(self, engine_type: str) -> tuple[str, list[Slot]]:
        (querystring,) = self._build(*map(Placeholder, range(self._arity))).querystrings
        sql, values = querystring.compile_string(engine_type=engine_type)
        slots = [Slot(value.position if isinstance(value, Placeholder) else None, value) for value in values]
        # Without this a placeholder that Piccolo serialises would become a constant, written into every row.
        if {slot.at for slot in slots if slot.at is not None} != set(range(self._arity)):
            raise TypeError("Piccolo turned an argument into a constant")
        self._compiled[engine_type] = sql, slots
        return sql, slots
