"""Rows of administration as they were before a change: which changes put them back, and what is told of it."""

from collections.abc import Iterator, Mapping, Sequence

from directory.model import JsonValue, TenantId
from directory.plan import AttributeChange, Change, DeleteRows, InsertRow, UpdateRows
from directory.undo_steps import Image, Step, changed_columns, fields_in, moved_fields, put_back, typed
from directory.undo_tables import WATCHED

Declared = Mapping[str, Mapping[str, str]]
"""The columns of each table with their declared types."""

_UNTOLD = ("_key", "created_at", "_id")


def row_change(step: Step, current: Image | None, declared: Declared, tenant_id: TenantId) -> Change | None:
    """Return the change that makes a row what it was; None if it is so already."""
    watched, types = WATCHED[step.table], declared[step.table]
    where = {watched.tenant_column: tenant_id, **_typed(step.key, types)}
    if step.before is None:
        about = {watched.user_column: step.user_id} if watched.user_column and step.user_id else {}
        return DeleteRows(table=step.table, where={**where, **about})
    if current is None:
        return InsertRow(table=step.table, values={**where, **_typed({**watched.unkept, **step.before}, types)})
    values = _typed(put_back(step, current), types)
    if values and isinstance(version := current.get("version"), int):
        values["version"] = version + 1  # whoever has a form of before open is told that it is another one
    return UpdateRows(table=step.table, values=values, where=where, require=1) if values else None


def told_of(steps: Sequence[tuple[Step, Image | None]]) -> Iterator[AttributeChange]:
    """Yield what is told of rows that are put back: each value as it is now, and as it will be again."""
    for step, current in steps:
        if step.before is None or current is None:
            thing = WATCHED[step.table].thing
            name = _name_in(step.before or current or {})
            gone, back = (name, None) if step.before is None else (None, name)
            yield AttributeChange(name=thing, old=gone, new=back)
            continue
        for column in changed_columns(step):
            if column in WATCHED[step.table].documents:
                yield from _told_fields(step, current, column)
            elif not column.endswith(_UNTOLD):
                yield AttributeChange(name=column, old=current.get(column), new=step.before.get(column))


def _told_fields(step: Step, current: Image, column: str) -> Iterator[AttributeChange]:
    before, after = (step.before or {}).get(column), (step.after or {}).get(column)
    now, old = fields_in(current.get(column)), fields_in(before)
    for field in moved_fields(before, after):
        yield AttributeChange(name=field, old=now.get(field), new=old.get(field))


def _typed(image: Image, types: Mapping[str, str]) -> dict[str, object]:
    return {name: typed(value, types[name]) for name, value in image.items() if name in types}


def _name_in(image: Image) -> JsonValue:
    """Return by what people know a row."""
    return next((image[name] for name in ("name", "label", "reason", "note", "deed") if image.get(name)), "yes")
