"""What the application's own role on PostgreSQL may do: everything but what is listed here."""

from collections.abc import Sequence
from typing import NamedTuple


class TableRights(NamedTuple):
    """The whole of what the application may do with one table."""

    table: str
    verbs: tuple[str, ...]
    """Of SELECT, INSERT, DELETE, and UPDATE for all columns."""

    update_columns: tuple[str, ...] = ()
    """Columns that may be updated where UPDATE is not among the verbs."""


LEDGER = TableRights("migration", ("SELECT",))

RESTRICTED: list[TableRights] = [
    TableRights("event_row", ("SELECT", "INSERT"), ("seq", "chain_hash")),
    TableRights("event_member_row", ("SELECT", "INSERT")),
    TableRights("event_value_row", ("SELECT", "INSERT", "DELETE")),
]
"""Tables that are not simply read and written: events are added, sealed, and their values erased."""


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def grants_for(role: str, restricted: Sequence[TableRights]) -> list[str]:
    """Return the statements that give ``role`` its rights; running them again changes nothing."""
    who = quoted(role)
    grants = [
        f"GRANT USAGE ON SCHEMA public TO {who}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {who}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {who}",
    ]
    for rights in restricted:
        table = quoted(rights.table)
        grants += [f"REVOKE ALL ON {table} FROM {who}", f"GRANT {', '.join(rights.verbs)} ON {table} TO {who}"]
        if rights.update_columns:
            grants.append(f"GRANT UPDATE ({', '.join(map(quoted, rights.update_columns))}) ON {table} TO {who}")
    return grants
