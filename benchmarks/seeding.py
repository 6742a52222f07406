"""Large directories of Rolebook: made once by its own verbs on SQLite, kept, and copied from there."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks.people import entra_user, user_name
from directory import access_roles, events, groups, mappings, secret_keys, sources, tenants, users
from directory.model import Actor, GroupAttributes, JsonObject, UserAttributes
from directory.store.migrate import migrate
from directory.store.unit import open_store

CLIENTS = 8
GROUPS = 20
MEMBERS = 100
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """A directory to measure: how to get in, and whom it has."""

    token: str
    user_ids: list[str]
    """In the order of their numbers, so that the names are known too."""


def now() -> datetime:
    """Return the time; the door of this program."""
    return datetime.now(UTC)


async def prepare(database_url: str, count: int = 0, neighbours: int = 0) -> Seeded:
    """Set up a tenant with a source of the preset entra, and push so many people and some mapped groups.

    ``neighbours``: so many other tenants have as many people; half of them were there before.
    """
    await migrate(database_url)
    async with open_store(database_url):
        for number in range(neighbours // 2):
            await push_neighbour(number, count)
        tenant = await tenants.create_tenant("Contoso", now=now())
        by = tenants.system_actor(tenant, "benchmark")
        source = await sources.create_source(kind="scim", preset="entra", label="bench", by=by, now=now())
        issued = await secret_keys.issue_secret(source.source_id, label="bench", by=by, now=now())
        client = Actor(tenant_id=tenant.tenant_id, kind="source", label="bench", source_id=source.source_id)
        user_ids = await push_users(client, count)
        editor = await access_roles.find_role(tenant.tenant_id, "editor")
        if editor is None:
            raise SystemExit("the tenant has no Editor")
        for number in range(min(GROUPS, count // MEMBERS)):
            members = frozenset(user_ids[number * MEMBERS : (number + 1) * MEMBERS])
            name = GroupAttributes({"displayName": f"team {number}"})
            group = await groups.create_group(name, members, by=client, now=now(), unique_name=False, unknown="pending")
            await mappings.add_mapping(group.group_id, editor.role_id, consent=False, by=by, now=now())
        for number in range(neighbours // 2, neighbours):
            await push_neighbour(number, count)
        while await events.seal_events(now=now(), limit=5_000):  # a server that starts on it has nothing left to do
            pass
    return Seeded(token=issued.token, user_ids=user_ids)


async def push_neighbour(number: int, count: int) -> None:
    """Set up another tenant with so many people."""
    tenant = await tenants.create_tenant(f"Neighbour {number}", now=now())
    by = tenants.system_actor(tenant, "benchmark")
    source = await sources.create_source(kind="scim", preset="entra", label="bench", by=by, now=now())
    client = Actor(tenant_id=tenant.tenant_id, kind="source", label="bench", source_id=source.source_id)
    await push_users(client, count)


async def push_users(client: Actor, count: int) -> list[str]:
    """Create people as eight clients at once; returns their ids."""
    user_ids = [""] * count

    async def push_every_eighth(first: int) -> None:
        for number in range(first, count, CLIENTS):
            document: JsonObject = dict(entra_user(number))
            made, _ = await users.create_user(UserAttributes(document), by=client, now=now(), revive_inactive=False)
            user_ids[number] = str(made.user_id)

    async with asyncio.TaskGroup() as clients:
        for first in range(CLIENTS):
            clients.create_task(push_every_eighth(first))
    return user_ids


def template_for(folder: Path, count: int, neighbours: int = 0) -> tuple[Path, Seeded]:
    """Return a SQLite directory of ``count`` people, made if the folder has none of this schema yet.

    ``neighbours`` as for ``prepare``.
    """
    schema = b"".join(path.read_bytes() for path in sorted((ROOT / "directory/store/migrations").glob("*.py")))
    size = f"{count}x{neighbours + 1}" if neighbours else str(count)
    stem = folder / f"directory-{size}-{sha256(schema).hexdigest()[:12]}"
    database, facts = stem.with_suffix(".sqlite"), stem.with_suffix(".json")
    if not facts.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{database.name}*"):
            left.unlink()
        seeded = asyncio.run(prepare(f"sqlite:///{database}", count, neighbours))
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        facts.write_text(json.dumps(asdict(seeded)), encoding="utf-8")
    return database, Seeded(**json.loads(facts.read_text(encoding="utf-8")))


def copy_to_sqlite(template: Path, folder: Path) -> str:
    """Copy a template into a folder and return the address of the copy."""
    shutil.copyfile(template, folder / "rolebook.sqlite")
    return f"sqlite:///{folder / 'rolebook.sqlite'}"


async def copy_to_postgres(template: Path, database_url: str) -> None:
    """Copy a template's rows, as they are, into an empty database of this schema."""
    await migrate(database_url)
    connection = await asyncpg.connect(database_url)
    source = sqlite3.connect(f"file:{template}?mode=ro", uri=True)
    try:
        # The rows are copied as a whole: triggers have done their work, and references hold again at the end.
        await connection.execute("SET session_replication_role = replica")
        for (table,) in source.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%\\_row' ESCAPE '\\'"
        ):
            await _copy_table(source, connection, table)
        # As autovacuum leaves tables: without a visibility map nothing is read from an index alone.
        await connection.execute("VACUUM ANALYZE")
    finally:
        source.close()
        await connection.close()


async def _copy_table(source: sqlite3.Connection, connection: asyncpg.Connection, table: str) -> None:
    kinds = {
        row["column_name"]: row["data_type"]
        for row in await connection.fetch(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_name = $1 AND table_schema = 'public' AND is_generated = 'NEVER'",
            table,
        )
    }
    known = [row[1] for row in source.execute(f"PRAGMA table_info({table})")]
    names = [name for name in known if name in kinds]
    shown = [f"json({name}) AS {name}" if kinds[name] == "jsonb" else name for name in names]
    await connection.execute(f"DELETE FROM {table}")
    rows = source.execute(f"SELECT {', '.join(shown)} FROM {table}")
    while batch := rows.fetchmany(5000):
        values = [tuple(value_for(kinds[name], value) for name, value in zip(names, row, strict=True)) for row in batch]
        await connection.copy_records_to_table(table, records=values, columns=names)


def value_for(kind: str, value: Any) -> object:  # noqa: ANN401 - whatever SQLite holds
    """Return a value of SQLite as PostgreSQL's driver takes it."""
    if value is None:
        return None
    if kind == "uuid":
        return UUID(bytes=value) if isinstance(value, bytes) else UUID(value)
    if kind == "timestamp with time zone":
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        return datetime.fromtimestamp(value / 1e6, UTC)
    return bool(value) if kind == "boolean" else value


def names_of(count: int) -> Sequence[str]:
    """Return the userNames of a template's people."""
    return [user_name(number) for number in range(count)]
