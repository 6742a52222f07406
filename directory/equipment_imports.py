"""Files of items: what each line comes to is shown first, and what was shown is applied, a batch at a time."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from uuid import UUID

import msgspec

from directory.commit import commit_plan, in_unit_of
from directory.equipment_csv import CELL_CHARS_MAX, Column, ItemFile, Line, parse_items
from directory.equipment_model import plain_text
from directory.errors import AlreadyExistsError, InvalidError, MovedError, NotFoundError
from directory.facts import Moment
from directory.ids import new_id
from directory.model import Actor, Permission, TenantId
from directory.names import name_key
from directory.operators import find_actor
from directory.plan_import import LineFacts, Outlook, Verdict, outlook_for
from directory.store import equipment, equipment_imports, loan_people, loans
from directory.store.equipment_imports import EquipmentImport, ImportLine, StoredLine
from directory.store.unit import savepoint
from directory.threads import worked_out

__all__ = [
    "EquipmentImport",
    "ImportLine",
    "advance_imports",
    "apply_import",
    "draft_import",
    "drop_import",
    "forget_old",
    "get_import",
    "has_open_imports",
    "list_imports",
    "list_lines",
    "run_batch",
]

COMPARED = 500
"""Lines that are compared at a time."""

BATCH = 50
"""Lines that are applied in one transaction: about 15 ms of SQLite's writer."""

AT_ONCE_MAX = 200
"""Up to so many lines are applied before the answer; of more the duty does them."""

DRAFTS_KEPT = timedelta(days=1)
RESULTS_KEPT = timedelta(days=90)
FORGOTTEN = 5_000
NAME_CHARS_MAX = 200
_MANAGES: Permission = "users:manage"
"""What an import needs, as everything that changes equipment."""


class EquipmentMovedError(MovedError):
    """What was shown of a file is not what would be applied."""


async def draft_import(content: bytes, file_name: str, *, by: Actor, now: datetime) -> EquipmentImport:
    """Read a file and return what its lines come to; nothing is changed yet.

    Raises:
        InvalidError: the file cannot be read as a list of items.
        ForbiddenError: the actor may not manage users and what they hold.
    """
    by.require(_MANAGES)
    read = await worked_out(partial(parse_items, content), count=len(content) // 100)
    lines: list[ImportLine] = []
    first_of: dict[str, int] = {}
    for start in range(0, len(read.lines), COMPARED):
        lines += await _compared(read.lines[start : start + COMPARED], first_of, by=by, now=now)
    one = _import_of(read, lines, file_name, by=by, now=now)

    async def body() -> None:
        await equipment_imports.insert_import(one, lines)

    await in_unit_of(by, body)
    return one


async def get_import(tenant_id: TenantId, import_id: UUID) -> EquipmentImport:
    """Return a file that was read.

    Raises:
        NotFoundError: the tenant has none of that id.
    """
    found = await equipment_imports.find_import(tenant_id, import_id)
    if found is None:
        raise NotFoundError("import", import_id)
    return found


async def list_imports(tenant_id: TenantId, *, limit: int) -> list[EquipmentImport]:
    """Return the files of a tenant, the newest first."""
    return await equipment_imports.list_imports(tenant_id, limit=limit)


async def list_lines(
    tenant_id: TenantId, import_id: UUID, wanted: Verdict | Literal["failed"] | None, *, after: int, limit: int
) -> list[ImportLine]:
    """Return lines behind the number ``after``: all, those of a verdict, or those that could not be applied."""
    return await equipment_imports.page_of_lines(tenant_id, import_id, wanted, after=after, limit=limit)


async def apply_import(import_id: UUID, plan_hash: str, *, by: Actor, now: datetime) -> EquipmentImport:
    """Apply what was shown: a short file at once, a long one by the duty. A second time it does nothing more.

    Raises:
        NotFoundError: the tenant has no such file.
        EquipmentMovedError: something else was shown.
        ForbiddenError: the actor may not manage users and what they hold.
    """
    by.require(_MANAGES)

    async def body() -> EquipmentImport:
        found = await equipment_imports.find_import(by.tenant_id, import_id, hold=True)
        if found is None:
            raise NotFoundError("import", import_id)
        if found.plan_hash != plan_hash:
            raise EquipmentMovedError
        if found.state == "draft":
            await equipment_imports.start_import(by.tenant_id, import_id, at=now)
        return found

    found = await in_unit_of(by, body)
    if found.to_do_count <= AT_ONCE_MAX:
        while await run_batch(by.tenant_id, import_id, now=now):
            pass
    return await get_import(by.tenant_id, import_id)


async def drop_import(import_id: UUID, *, by: Actor, now: datetime) -> None:
    """Forget a file that was only shown.

    Raises:
        NotFoundError: the tenant has no such file, or it was applied.
        ForbiddenError: the actor may not manage users and what they hold.
    """
    by.require(_MANAGES)

    async def body() -> None:
        found = await equipment_imports.find_import(by.tenant_id, import_id, hold=True)
        if found is None or found.state != "draft":
            raise NotFoundError("import", import_id)
        await equipment_imports.end_import(by.tenant_id, import_id, "dropped", at=now)

    await in_unit_of(by, body)


async def has_open_imports(_now: datetime) -> bool:
    """Whether a file waits to be gone on with."""
    return await equipment_imports.find_under_way() is not None


async def advance_imports(now: datetime) -> int:
    """Apply the next lines of the file that was begun first; returns 1 while some are left."""
    found = await equipment_imports.find_under_way()
    return 0 if found is None else max(await run_batch(*found, now=now), 1)


async def run_batch(tenant_id: TenantId, import_id: UUID, *, now: datetime) -> int:
    """Apply the next lines of a file in one transaction; returns how many, 0 when it is done."""
    found = await get_import(tenant_id, import_id)
    by = Actor(
        tenant_id=tenant_id,
        kind="operator",
        label=found.asked_label,
        user_id=found.asked_by,
        permissions=frozenset({_MANAGES}),
    )

    async def body() -> int:
        one = await equipment_imports.find_import(tenant_id, import_id, hold=True)
        if one is None or one.state != "running":
            return 0
        lines = await equipment_imports.lines_to_do(tenant_id, import_id, after=one.reached, limit=BATCH)
        if not lines or not await _may_still(one):
            await equipment_imports.end_import(tenant_id, import_id, "done", at=now)
            return 0
        applied, failed = await _apply(import_id, lines, by=by, now=now)
        await equipment_imports.settle_lines(tenant_id, import_id, applied, failed, reached=lines[-1].number)
        return len(lines)

    return await in_unit_of(by, body)


async def forget_old(*, now: datetime) -> int:
    """Delete files that were shown and never applied after a day, and results after 90 days; returns how many rows."""
    return await equipment_imports.forget_old(
        drafts_before=now - DRAFTS_KEPT, ended_before=now - RESULTS_KEPT, limit=FORGOTTEN
    )


async def _may_still(one: EquipmentImport) -> bool:
    """Whether whoever asked for the import may still manage equipment: somebody disabled goes on with nothing."""
    if one.asked_by is None:
        return True
    return _MANAGES in (await find_actor(one.tenant_id, one.asked_by, one.asked_label)).permissions


async def _compared(lines: Sequence[Line], first_of: dict[str, int], *, by: Actor, now: datetime) -> list[ImportLine]:
    facts = await _facts_of([line.cells for line in lines if not line.problem], tenant_id=by.tenant_id, hold=False)
    moment = Moment(at=now, by=by)
    found: list[ImportLine] = []
    for line in lines:
        key = _key_of(line.cells)
        known = facts.get(key, LineFacts())
        outlook = _outlook_of(line, known, first_of.setdefault(key, line.number), moment=moment)
        version = 0 if known.item is None else known.item.version
        stored = StoredLine(cells=dict(line.cells), version=version)
        found.append(ImportLine(line.number, outlook.verdict, stored, outlook.reason, None))
    return found


def _outlook_of(line: Line, facts: LineFacts, first: int, *, moment: Moment) -> Outlook:
    if line.problem:
        return Outlook(verdict="wrong", reason=line.problem)
    if first != line.number and line.cells["tag"].strip():
        return Outlook(verdict="wrong", reason=f"tag stands on line {first} too")
    return outlook_for(line.cells, facts, moment=moment)


async def _facts_of(lines: Sequence[Mapping[Column, str]], *, tenant_id: TenantId, hold: bool) -> dict[str, LineFacts]:
    """Return what is known of the items of lines, by tag key; with ``hold`` people and items stay so, in this order."""
    cells_of = {_key_of(cells): cells for cells in lines}
    texts = {key: _plain(cells.get("holder", "")) for key, cells in cells_of.items()}
    named = await equipment_imports.find_named(tenant_id, sorted({text for text in texts.values() if text}))
    if hold:
        await loan_people.hold_people(tenant_id, [one.user_id for keepers in named.values() for one in keepers])
    items = await equipment.find_tagged(tenant_id, sorted(cells_of), hold=hold)
    out = await loans.open_loans(tenant_id, [item.item_id for item in items.values()])
    keepers = await loan_people.find_people(tenant_id, [loan.user_id for loan in out.values()])
    facts: dict[str, LineFacts] = {}
    for key in cells_of:
        item = items.get(key)
        loan = None if item is None else out.get(item.item_id)
        holder = None if loan is None else keepers.get(loan.user_id)
        facts[key] = LineFacts(item=item, loan=loan, named=named.get(texts[key], ()), holder=holder)
    return facts


def _key_of(cells: Mapping[Column, str]) -> str:
    return name_key(_plain(cells.get("tag", "")))


def _plain(text: str) -> str:
    """Return a cell as it is looked up; one that cannot be used is found wrong later."""
    try:
        return plain_text("cell", text, chars_max=CELL_CHARS_MAX)
    except InvalidError:
        return ""


async def _apply(
    import_id: UUID, lines: Sequence[ImportLine], *, by: Actor, now: datetime
) -> tuple[list[int], list[tuple[int, str]]]:
    """Apply lines whose items are as they were when they were shown; returns which, and why others could not be."""
    facts = await _facts_of([line.stored.cells for line in lines], tenant_id=by.tenant_id, hold=True)
    applied: list[int] = []
    failed: list[tuple[int, str]] = []
    for line in lines:
        known = facts[_key_of(line.stored.cells)]
        if line.stored.version != (0 if known.item is None else known.item.version):
            failed.append((line.number, "changed since the preview"))
            continue
        outlook = outlook_for(line.stored.cells, known, moment=Moment(at=now, by=by))
        if outlook.verdict == "wrong":
            failed.append((line.number, outlook.reason))
            continue
        try:
            async with savepoint():
                await commit_plan(outlook.plan, by=by, now=now, job_id=import_id)
        except AlreadyExistsError:
            failed.append((line.number, "changed since the preview"))
        else:
            applied.append(line.number)
    return applied, failed


def _import_of(
    read: ItemFile, lines: Sequence[ImportLine], file_name: str, *, by: Actor, now: datetime
) -> EquipmentImport:
    counts = {
        verdict: sum(line.verdict == verdict for line in lines) for verdict in ("new", "changed", "same", "wrong")
    }
    told = [(line.number, line.verdict, line.stored) for line in lines]
    return EquipmentImport(
        tenant_id=by.tenant_id,
        import_id=new_id(now),
        state="draft",
        file_name=" ".join(file_name.split())[:NAME_CHARS_MAX],
        unknown_columns=read.unknown,
        asked_by=by.user_id,
        asked_label=by.label,
        plan_hash=hashlib.sha256(msgspec.json.encode(told)).hexdigest(),
        line_count=len(lines),
        new_count=counts["new"],
        changed_count=counts["changed"],
        same_count=counts["same"],
        wrong_count=counts["wrong"],
        applied_count=0,
        failed_count=0,
        reached=0,
        created_at=now,
        started_at=None,
        ended_at=None,
    )
