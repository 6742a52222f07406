"""Reads and writes of files of items: what each line says, what it comes to, and how far it is applied."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from directory.equipment_csv import Column
from directory.model import TenantId, UserId
from directory.names import name_key
from directory.plan_equipment import Keeper
from directory.plan_import import Verdict
from directory.store.circles import parsed_id
from directory.store.compiled import Statement
from directory.store.insert import Insert
from directory.store.resting import awake
from directory.store.tables import columns_of
from directory.store.tables_equipment import EquipmentImportLineRow, EquipmentImportRow
from directory.store.unit import Row, execute, fetch, fetch_one

State = Literal["draft", "running", "done", "dropped"]
Outcome = Literal["applied", "failed"]

_INSERT = Insert("equipment_import_row", columns_of(EquipmentImportRow))
_INSERT_LINES = Insert("equipment_import_line_row", columns_of(EquipmentImportLineRow))
_FIND = "SELECT * FROM equipment_import_row WHERE tenant_id = $1::uuid AND id = $2::uuid AND state <> 'dropped'"
_GET = Statement(_FIND)
_HOLD = Statement(f"{_FIND} FOR UPDATE")
_LATEST = Statement(
    "SELECT * FROM equipment_import_row WHERE tenant_id = $1::uuid AND state <> 'dropped'"
    " ORDER BY id DESC LIMIT $2::bigint"
)
_LINES = (
    "SELECT number, verdict, document, reason, outcome FROM equipment_import_line_row"
    " WHERE tenant_id = $1::uuid AND import_id = $2::uuid AND number > $3::bigint"
)
_PAGE = Statement(f"{_LINES} ORDER BY number LIMIT $4::bigint")
_PAGE_OF_VERDICT = Statement(f"{_LINES} AND verdict = $5::text ORDER BY number LIMIT $4::bigint")
_PAGE_OF_FAILED = Statement(f"{_LINES} AND outcome = 'failed' ORDER BY number LIMIT $4::bigint")
_TO_DO = Statement(f"{_LINES} AND verdict IN ('new', 'changed') ORDER BY number LIMIT $4::bigint")
_UNDER_WAY = Statement(
    f"SELECT tenant_id, id FROM equipment_import_row WHERE state = 'running' AND {awake('tenant_id')}"
    " ORDER BY started_at, id LIMIT 1",
    house=True,
)
_START = Statement(
    "UPDATE equipment_import_row SET state = 'running', started_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_ADVANCE = Statement(
    "UPDATE equipment_import_row SET reached = $3::bigint, applied_count = applied_count + $4::bigint,"
    " failed_count = failed_count + $5::bigint WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_END = Statement(
    "UPDATE equipment_import_row SET state = $3::text, ended_at = $4::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid"
)
_SETTLE = Statement(
    "UPDATE equipment_import_line_row SET outcome = $4::text, reason = $5::text"
    " WHERE tenant_id = $1::uuid AND import_id = $2::uuid AND number = $3::bigint"
)
_SETTLE_MANY = Statement(
    "UPDATE equipment_import_line_row SET outcome = 'applied'"
    " WHERE tenant_id = $1::uuid AND import_id = $2::uuid AND number = ANY($3::bigint[])"
)
_OLD = Statement(
    "SELECT tenant_id, id FROM equipment_import_row WHERE state = 'dropped'"
    " OR (state = 'draft' AND created_at < $1::timestamptz) OR ended_at < $2::timestamptz ORDER BY created_at LIMIT 1",
    house=True,
)
_FORGET_LINES = Statement(
    "DELETE FROM equipment_import_line_row WHERE tenant_id = $1::uuid AND import_id = $2::uuid AND number IN"
    " (SELECT number FROM equipment_import_line_row WHERE tenant_id = $1::uuid AND import_id = $2::uuid"
    " LIMIT $3::bigint)"
)
_FORGET = Statement("DELETE FROM equipment_import_row WHERE tenant_id = $1::uuid AND id = $2::uuid")
_PERSON = "u.id, u.display_name, u.user_name"
_LIVE = "u.tenant_id = $1::uuid AND u.deleted_at IS NULL"
_BY_ID = Statement(f"SELECT u.id AS said, {_PERSON} FROM user_row u WHERE {_LIVE} AND u.id = ANY($2::uuid[])")
_BY_NAME = Statement(
    f"SELECT u.user_name_key AS said, {_PERSON} FROM user_row u WHERE {_LIVE} AND u.user_name_key = ANY($2::text[])"
)
_BY_EXTERNAL_ID = Statement(
    f"SELECT DISTINCT k.external_id AS said, {_PERSON}"
    " FROM source_row s CROSS JOIN user_link_row k CROSS JOIN user_row u"
    " WHERE s.tenant_id = $1::uuid AND k.tenant_id = s.tenant_id AND k.source_id = s.id"
    f" AND k.external_id = ANY($2::text[]) AND u.id = k.user_id AND {_LIVE}"
)
_BY_EMAIL = Statement(
    f"SELECT DISTINCT e.value_key AS said, {_PERSON} FROM email_row e CROSS JOIN user_row u"
    f" WHERE e.tenant_id = $1::uuid AND e.value_key = ANY($2::text[]) AND u.id = e.user_id AND {_LIVE}"
)


class StoredLine(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a line: its cells, and the version of the item that it was compared with; 0 for none."""

    cells: dict[Column, str]
    version: int = 0


class ImportLine(NamedTuple):
    """A line with what it comes to and what came of it."""

    number: int
    verdict: Verdict
    stored: StoredLine
    reason: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentImport:
    """A file of items: shown, then applied in batches."""

    tenant_id: TenantId
    import_id: UUID
    state: State
    file_name: str
    unknown_columns: tuple[str, ...]
    asked_by: UserId | None
    asked_label: str
    plan_hash: str
    """Of all lines and what they come to."""
    line_count: int
    new_count: int
    changed_count: int
    same_count: int
    wrong_count: int
    applied_count: int
    failed_count: int
    reached: int
    """The last line that is done with."""
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def to_do_count(self) -> int:
        """How many lines change anything."""
        return self.new_count + self.changed_count

    @property
    def settled_count(self) -> int:
        """How many of those are done with."""
        return self.applied_count + self.failed_count


async def insert_import(one: EquipmentImport, lines: Sequence[ImportLine]) -> None:
    """Keep a file and its lines."""
    values = {name: getattr(one, name) for name in one.__slots__}
    values |= {"id": one.import_id, "unknown_columns": msgspec.json.encode(one.unknown_columns).decode()}
    await _INSERT([tuple(values[name] for name in columns_of(EquipmentImportRow))])
    await _INSERT_LINES(
        (one.tenant_id, one.import_id, line.number, line.verdict, _text(line.stored), line.reason, line.outcome)
        for line in lines
    )


async def find_import(tenant_id: TenantId, import_id: UUID, *, hold: bool = False) -> EquipmentImport | None:
    """Return a file that is shown or was applied; with ``hold`` it stays so until the unit ends."""
    row = await fetch_one(_HOLD if hold else _GET, tenant_id, import_id)
    return None if row is None else _import_from(row)


async def list_imports(tenant_id: TenantId, *, limit: int) -> list[EquipmentImport]:
    """Return the files of a tenant, the newest first."""
    return [_import_from(row) for row in await fetch(_LATEST, tenant_id, limit)]


async def page_of_lines(
    tenant_id: TenantId, import_id: UUID, wanted: Verdict | Literal["failed"] | None, *, after: int, limit: int
) -> list[ImportLine]:
    """Return lines behind the number ``after``: all, those of a verdict, or those that could not be applied."""
    match wanted:
        case None:
            rows = await fetch(_PAGE, tenant_id, import_id, after, limit)
        case "failed":
            rows = await fetch(_PAGE_OF_FAILED, tenant_id, import_id, after, limit)
        case _:
            rows = await fetch(_PAGE_OF_VERDICT, tenant_id, import_id, after, limit, wanted)
    return [_line_from(row) for row in rows]


async def lines_to_do(tenant_id: TenantId, import_id: UUID, *, after: int, limit: int) -> list[ImportLine]:
    """Return the next lines that change anything."""
    return [_line_from(row) for row in await fetch(_TO_DO, tenant_id, import_id, after, limit)]


async def find_under_way() -> tuple[TenantId, UUID] | None:
    """Return the file of all tenants that was begun first and is not done, or None."""
    row = await fetch_one(_UNDER_WAY)
    return None if row is None else (TenantId(row["tenant_id"]), row["id"])


async def start_import(tenant_id: TenantId, import_id: UUID, *, at: datetime) -> None:
    """Let the duty begin with a file."""
    await execute(_START, tenant_id, import_id, at)


async def settle_lines(
    tenant_id: TenantId, import_id: UUID, applied: Sequence[int], failed: Sequence[tuple[int, str]], *, reached: int
) -> None:
    """Note what came of a batch of lines, up to ``reached``."""
    if applied:
        await execute(_SETTLE_MANY, tenant_id, import_id, list(applied))
    for number, reason in failed:
        await execute(_SETTLE, tenant_id, import_id, number, "failed", reason)
    await execute(_ADVANCE, tenant_id, import_id, reached, len(applied), len(failed))


async def end_import(tenant_id: TenantId, import_id: UUID, state: State, *, at: datetime) -> None:
    """Note that nothing more is done with a file."""
    await execute(_END, tenant_id, import_id, state, at)


async def forget_old(*, drafts_before: datetime, ended_before: datetime, limit: int) -> int:
    """Delete some lines of one old file, or the file when none are left; returns how many rows went."""
    row = await fetch_one(_OLD, drafts_before, ended_before)
    if row is None:
        return 0
    gone = await execute(_FORGET_LINES, row["tenant_id"], row["id"], limit, unbounded=True)
    return gone or await execute(_FORGET, row["tenant_id"], row["id"])


async def find_named(tenant_id: TenantId, texts: Sequence[str]) -> dict[str, tuple[Keeper, ...]]:
    """Return whom texts name, by the text: by id, user name, externalId or e-mail, whichever finds anybody first."""
    found: dict[str, tuple[Keeper, ...]] = {}
    ids = {text: ident for text in texts if (ident := parsed_id(text)) is not None}
    keys = {text: name_key(text) for text in texts}
    for statement, said in (
        (_BY_ID, ids),
        (_BY_NAME, keys),
        (_BY_EXTERNAL_ID, {t: t for t in texts}),
        (_BY_EMAIL, keys),
    ):
        wanted = {text: key for text, key in said.items() if text not in found}
        if not wanted:
            continue
        by_key: dict[object, list[Keeper]] = {}
        for row in await fetch(statement, tenant_id, sorted(set(wanted.values()), key=str), unbounded=True):
            keeper = Keeper(user_id=UserId(row["id"]), label=row["display_name"] or row["user_name"])
            by_key.setdefault(row["said"], []).append(keeper)
        found |= {text: tuple(by_key[key]) for text, key in wanted.items() if key in by_key}
    return found


def _text(stored: StoredLine) -> str:
    return msgspec.json.encode(stored).decode()


def _line_from(row: Row) -> ImportLine:
    stored = msgspec.json.decode(row["document"], type=StoredLine)
    return ImportLine(row["number"], row["verdict"], stored, row["reason"], row["outcome"])


def _import_from(row: Row) -> EquipmentImport:
    said = {name: row["id" if name == "import_id" else name] for name in EquipmentImport.__slots__}
    said["unknown_columns"] = msgspec.json.decode(row["unknown_columns"], type=tuple[str, ...])
    return EquipmentImport(**said)
