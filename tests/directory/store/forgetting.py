"""The statements of the store as they would be if somebody had forgotten the tenant."""

import gc
import importlib
import pkgutil
import re
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
    """Return every statement of the directory that is put together when its module is loaded."""
    before = {id(one) for one in gc.get_objects() if isinstance(one, Statement)}
    outside = {
        id(thing) for name, module in sys.modules.items() if not name.startswith("directory") for thing in _held(module)
    }
    for module in pkgutil.walk_packages(directory.__path__, "directory."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
    del before
    found = [one for one in gc.get_objects() if isinstance(one, Statement) and id(one) not in outside]
    return tuple(one for one in found if "json_each" not in one.postgres)  # SQLite's part of an insert


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
