"""The statements of the store, and what they would be if somebody had forgotten the tenant."""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache
from uuid import UUID

import asyncpg

import directory
from directory.store.compiled import Statement
from tests.directory.store.filled import alike

_CONDITION = re.compile(r"(?<![\w.])(?:\w+\.)?tenant_id\s*=\s*\$(\d+)(?:::uuid)?")
_OF_TENANT_ROW = re.compile(r"(?<![\w.])(?:t\.|tenant_row\.)?id\s*=\s*\$(\d+)(?:::uuid)?")
REFUSED = (asyncpg.PostgresError, asyncpg.exceptions.DataError)


@cache
def each_statement() -> tuple[Statement, ...]:
    """Return every statement that a module of the directory puts together when it is loaded."""
    found: dict[int, Statement] = {}
    for module in pkgutil.walk_packages(directory.__path__, "directory."):
        if ".migrations" not in module.name:
            for one in _held(vars(importlib.import_module(module.name)), set()):
                found[id(one)] = one
    return tuple(one for one in found.values() if "json_each" not in one.postgres)  # SQLite's part of an insert


def _held(thing: object, seen: set[int]) -> Iterator[Statement]:
    """Yield the statements that a thing of ours holds, however deep."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, Statement):
        yield thing
        return
    parts: list[object] = []
    if isinstance(thing, Mapping):
        parts = list(thing.values())
    elif isinstance(thing, list | tuple):
        parts = list(thing)
    elif type(thing).__module__.startswith("directory.store"):
        parts = list(getattr(thing, "__dict__", {}).values())
    for part in parts:
        yield from _held(part, seen)


def each_forgetful() -> list[str]:
    """Return every statement of the directory that names its tenant, without the condition that does."""
    texts = {one.postgres for one in each_statement()}
    forgetful = {text: forgotten(text) for text in texts}
    return sorted(changed for text, changed in forgetful.items() if changed != text)


def forgotten(text: str) -> str:
    """Return a statement without its tenant condition; the argument stays one."""
    found = _CONDITION.sub(r"$\1::uuid IS NOT NULL", text)
    return _OF_TENANT_ROW.sub(r"$\1::uuid IS NOT NULL", found) if "tenant_row" in text else found


async def run_as(connection: asyncpg.Connection, text: str, tenant_id: UUID) -> object:
    """Return what a statement gives, with arguments that fit everything but the tenant; nothing of it stays."""
    tenants = {int(number) for number in re.findall(r"\$(\d+)::uuid IS NOT NULL", text)}
    attempt = connection.transaction()
    await attempt.start()
    try:
        statement = await connection.prepare(text)
        args = [
            tenant_id if at in tenants else alike(named(one)) for at, one in enumerate(statement.get_parameters(), 1)
        ]
        rows = sorted(str(dict(row)) for row in await statement.fetch(*args))
        return rows, re.sub(r"^INSERT 0 \d+$", "INSERT", statement.get_statusmsg() or "")
    except REFUSED as error:
        return type(error).__name__
    finally:
        await attempt.rollback()


def named(one: asyncpg.Type) -> str:
    """Return the name of a parameter's type as the catalogue of columns has it."""
    names = {"int8": "bigint", "int4": "integer", "bool": "boolean", "timestamptz": "timestamp with time zone"}
    name = one.name.removesuffix("[]")
    return names.get(name, name) + ("[]" if one.kind == "array" else "")
