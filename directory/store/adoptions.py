"""Reads and writes of the queue of those who met somebody here."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from directory.ids import new_id
from directory.model import SourceId, TenantId, UserId
from directory.store.compiled import Statement
from directory.store.conditions import Values
from directory.store.unit import Row, execute, fetch, fetch_one

MET_MAX = 20
"""So many people whom one newcomer meets are told apart."""

# Sorted by us: asked for an order, SQLite walks along it over all users. Who is of no source is told apart by the
# tenant's id: no source has that.
_OTHERS = "coalesce(u.source_id, u.tenant_id) <> $2::uuid AND u.deleted_at IS NULL"
_BY_ADDRESS = Statement(
    "SELECT u.id FROM email_row e JOIN user_row u ON u.tenant_id = e.tenant_id AND u.id = e.user_id"
    f" WHERE e.tenant_id = $1::uuid AND e.value_key = ANY($3::text[]) AND {_OTHERS}"
    " UNION SELECT u.id FROM user_row u"
    f" WHERE u.tenant_id = $1::uuid AND u.user_name_key = ANY($3::text[]) AND {_OTHERS} LIMIT {MET_MAX}"
)
_GONE = (
    "u.source_id = $2::uuid AND u.deleted_at IS NOT NULL AND u.erased_at IS NULL AND EXISTS (SELECT 1"
    " FROM user_link_row k WHERE k.tenant_id = u.tenant_id AND k.user_id = u.id AND k.source_id = $2::uuid)"
)
_RETURNED = Statement(
    "SELECT u.id FROM (SELECT n.id FROM user_row n WHERE n.tenant_id = $1::uuid AND n.user_name_key = $3::text"
    " AND n.deleted_at IS NOT NULL AND n.erased_at IS NULL UNION SELECT l.user_id AS id FROM left_name_row l"
    " WHERE l.tenant_id = $1::uuid AND l.user_name_key = $3::text) AS named"
    f" CROSS JOIN user_row u WHERE u.tenant_id = $1::uuid AND u.id = named.id AND {_GONE} LIMIT {MET_MAX}"
)
_DECIDED = Statement(
    "SELECT user_id, state FROM adoption_row"
    " WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND known_as = $3::text"
)
_CONTACT: Final = (
    "SELECT id, state, decided_at FROM {} WHERE tenant_id = $1::uuid AND user_id = $2::uuid"
    " AND source_id = $3::uuid AND state IN ('adopted', 'restored') AND applied_at IS NULL"
)
_BY_USER: Final = "adoption_row INDEXED BY adoption_of_user"  # and not along the order
_CONTACT_OF_USER = Statement(
    _CONTACT.format("adoption_row") + " ORDER BY id DESC LIMIT 1",
    sqlite=_CONTACT.format(_BY_USER) + " ORDER BY id DESC LIMIT 1",
)
_CONTACT_OF_PAIR = Statement(_CONTACT.format("adoption_row") + " AND known_as = $4::text LIMIT 1")
_SETTLE = Statement(
    "UPDATE adoption_row SET applied_at = $4::timestamptz WHERE tenant_id = $1::uuid AND user_id = $2::uuid"
    " AND source_id = $3::uuid AND applied_at IS NULL AND state IN ('adopted', 'restored')"
)
# A pair that was decided stays so; one that was adopted and meets again has parted meanwhile.
_NOTE = Statement(
    "INSERT INTO adoption_row (tenant_id, id, source_id, known_as, external_id, user_id, matched, own_user_id,"
    " incoming, state, first_seen_at, last_seen_at, seen_count) VALUES ($1::uuid, $2::uuid, $3::uuid, $4::text,"
    " $5::text, $6::uuid, $7::text, $8::uuid, $9::text, 'open', $10::timestamptz, $10::timestamptz, 1)"
    " ON CONFLICT (tenant_id, source_id, known_as, user_id) DO UPDATE SET last_seen_at = excluded.last_seen_at,"
    " seen_count = adoption_row.seen_count + 1, incoming = excluded.incoming, external_id = excluded.external_id,"
    " matched = excluded.matched,"
    " state = CASE WHEN adoption_row.state IN ('adopted', 'restored') THEN 'open' ELSE adoption_row.state END"
    " RETURNING seen_count"
)
_RESTORED = Statement(
    "INSERT INTO adoption_row (tenant_id, id, source_id, known_as, external_id, user_id, matched, incoming,"
    " state, first_seen_at, last_seen_at, seen_count, decided_at, decided_by) VALUES ($1::uuid, $2::uuid, $3::uuid,"
    " $4::text, $5::text, $6::uuid, 'restored', '{}', 'restored', $7::timestamptz, $7::timestamptz, 0,"
    " $7::timestamptz, $8::text) ON CONFLICT (tenant_id, source_id, known_as, user_id) DO UPDATE SET"
    " state = excluded.state, decided_at = excluded.decided_at, decided_by = excluded.decided_by, applied_at = NULL"
)
_OPEN_OF_SOURCE = Statement(
    "SELECT count(*) AS things FROM (SELECT 1 AS one FROM adoption_row"
    " WHERE tenant_id = $1::uuid AND state = 'open' AND source_id = $2::uuid LIMIT $3::bigint) AS few"
)
_COLUMNS = (
    "a.id, a.source_id, a.known_as, a.external_id, a.user_id, a.matched, a.own_user_id, a.incoming, a.state,"
    " a.first_seen_at, a.last_seen_at, a.seen_count, a.decided_at, a.decided_by, a.applied_at, s.label,"
    " u.user_name, u.display_name, u.active, u.source_id AS met_source_id, u.role_id, u.deleted_at, u.erased_at,"
    " o.label AS met_source_label"
)
_FROM = (
    " FROM adoption_row a JOIN source_row s ON s.tenant_id = a.tenant_id AND s.id = a.source_id"
    " JOIN user_row u ON u.tenant_id = a.tenant_id AND u.id = a.user_id"
    " LEFT JOIN source_row o ON o.tenant_id = u.tenant_id AND o.id = u.source_id"
)
_ENTRY = Statement(f"SELECT {_COLUMNS}{_FROM} WHERE a.tenant_id = $1::uuid AND a.id = $2::uuid")
_HOLD = Statement("SELECT state FROM adoption_row WHERE tenant_id = $1::uuid AND id = $2::uuid FOR NO KEY UPDATE")
_OLD = Statement(
    "DELETE FROM adoption_row WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM adoption_row"
    " WHERE last_seen_at < $1::timestamptz LIMIT $2::bigint)",
    house=True,
)
_WITHDRAW = Statement(
    "DELETE FROM adoption_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND known_as = ANY($3::text[])"
    " AND state = 'open' AND own_user_id IS NULL"
)
_OTHER_LOCAL_ADMINISTRATOR = Statement(
    "SELECT 1 AS found FROM tenant_row t JOIN lock_row l ON l.tenant_id = t.id AND l.role_id = t.administrator_role_id"
    " CROSS JOIN user_row u WHERE t.id = $1::uuid AND u.tenant_id = l.tenant_id AND u.id = l.user_id"
    " AND u.source_id IS NULL AND u.active AND u.deleted_at IS NULL AND u.id <> $2::uuid LIMIT 1"
)
_GROUPS_OF_OTHERS = Statement(
    "SELECT g.id, g.display_name FROM member_row m JOIN group_row g ON g.tenant_id = m.tenant_id AND g.id = m.group_id"
    " WHERE m.tenant_id = $1::uuid AND m.user_id = $2::uuid AND g.source_id <> $3::uuid ORDER BY g.id"
)
_LAST_SIGNIN = Statement(
    "SELECT max(created_at)::timestamptz AS at FROM web_session_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid"
)


async def list_met(tenant_id: TenantId, source_id: SourceId, keys: Sequence[str]) -> list[UserId]:
    """Return live users, not the source's, who have one of these keys as user name or e-mail address."""
    rows = await fetch(_BY_ADDRESS, tenant_id, source_id, list(keys)) if keys else []
    return sorted(UserId(row["id"]) for row in rows)


async def list_returned(tenant_id: TenantId, source_id: SourceId, user_name_key: str) -> list[UserId]:
    """Return users of that name, or formerly of it, whom the source deleted, and knew by an externalId."""
    return sorted(UserId(row["id"]) for row in await fetch(_RETURNED, tenant_id, source_id, user_name_key))


async def decided_pairs(tenant_id: TenantId, source_id: SourceId, known_as: str) -> dict[UserId, str]:
    """Return the state of each pair that a newcomer is in, by the user whom it met."""
    rows = await fetch(_DECIDED, tenant_id, source_id, known_as)
    return {UserId(row["user_id"]): row["state"] for row in rows}


async def find_contact(
    tenant_id: TenantId, user_id: UserId, source_id: SourceId, known_as: str | None = None
) -> Row | None:
    """Return the decision that gave the user to the source, if the source has said nothing of it since."""
    if known_as is None:
        return await fetch_one(_CONTACT_OF_USER, tenant_id, user_id, source_id)
    return await fetch_one(_CONTACT_OF_PAIR, tenant_id, user_id, source_id, known_as)


async def settle_contact(tenant_id: TenantId, user_id: UserId, source_id: SourceId, now: datetime) -> None:
    """Note that the source has said something of a user that was given to it."""
    await execute(_SETTLE, tenant_id, user_id, source_id, now)


async def note_pair(tenant_id: TenantId, source_id: SourceId, values: tuple[object, ...], now: datetime) -> bool:
    """Add a pair to the queue, or count it again; returns whether it is new.

    ``values``: known as, externalId, user, matched by, the source's own user, what came in.
    """
    row = await fetch_one(_NOTE, tenant_id, new_id(now), source_id, *values, now)
    return row is not None and row["seen_count"] == 1


async def put_restored(
    tenant_id: TenantId, user_id: UserId, source_id: SourceId, values: tuple[object, ...], now: datetime
) -> None:
    """Let the source's next words of a restored user be taken; ``values``: known as, externalId, by whom."""
    known_as, external_id, label = values
    await execute(_RESTORED, tenant_id, new_id(now), source_id, known_as, external_id, user_id, now, label)


async def count_open(tenant_id: TenantId, source_id: SourceId, *, at_most: int) -> int:
    """Return how many pairs of a source wait for a decision."""
    (row,) = await fetch(_OPEN_OF_SOURCE, tenant_id, source_id, at_most)
    return int(row["things"])


async def find_entry(tenant_id: TenantId, entry_id: UUID) -> Row | None:
    """Return an entry with whom it met."""
    return await fetch_one(_ENTRY, tenant_id, entry_id)


async def hold_entry(tenant_id: TenantId, entry_id: UUID) -> str | None:
    """Return the state of an entry and hold it until the unit ends."""
    row = await fetch_one(_HOLD, tenant_id, entry_id)
    return None if row is None else str(row["state"])


async def page_of_entries(
    tenant_id: TenantId, wanted: dict[str, object], *, before: UUID | None, limit: int
) -> list[Row]:
    """Return entries with these values (``state``, ``source_id``, ``matched``), the newest first."""
    values = Values(tenant_id)
    where = _conditions(wanted, values)
    if before is not None:
        where += f" AND a.id < {values.place(before, 'uuid')}"
    text = f"SELECT {_COLUMNS}{_FROM} WHERE {where} ORDER BY a.id DESC LIMIT {values.place(limit, 'bigint')}"
    return await fetch(_statement(text), *values.values, unbounded=True)


async def count_entries(tenant_id: TenantId, wanted: dict[str, object], *, at_most: int) -> int:
    """Return how many entries there are with these values."""
    values = Values(tenant_id)
    where = _conditions(wanted, values)
    limit = values.place(at_most, "bigint")
    text = f"SELECT count(*) AS things FROM (SELECT 1 AS one FROM adoption_row a WHERE {where} LIMIT {limit}) AS few"
    (row,) = await fetch(_statement(text), *values.values, unbounded=True)
    return int(row["things"])


async def has_other_local_administrator(tenant_id: TenantId, user_id: UserId) -> bool:
    """Whether an active local user beside this one is administrator."""
    return await fetch_one(_OTHER_LOCAL_ADMINISTRATOR, tenant_id, user_id) is not None


async def groups_of_others(tenant_id: TenantId, user_id: UserId, source_id: SourceId) -> list[Row]:
    """Return id and name of the user's groups that are not the source's."""
    return await fetch(_GROUPS_OF_OTHERS, tenant_id, user_id, source_id)


async def find_last_signin(tenant_id: TenantId, user_id: UserId) -> datetime | None:
    """Return when somebody last signed in as the user."""
    row = await fetch_one(_LAST_SIGNIN, tenant_id, user_id)
    return None if row is None else row["at"]


async def delete_old(seen_before: datetime, *, limit: int) -> int:
    """Delete entries whose source has not sent them for long; return how many."""
    return await execute(_OLD, seen_before, limit, unbounded=True)


async def withdraw(tenant_id: TenantId, source_id: SourceId, known_as: Sequence[str]) -> None:
    """Delete the entries of newcomers who wait, and whom their source does not send any more."""
    if known_as:
        await execute(_WITHDRAW, tenant_id, source_id, list(known_as))


def _conditions(wanted: dict[str, object], values: Values) -> str:
    tests = ["a.tenant_id = $1::uuid"]
    for column, value in wanted.items():
        if value is not None:
            declared = "uuid" if isinstance(value, UUID) else "text"
            tests.append(f"a.{column} = {values.place(value, declared)}")
    return " AND ".join(tests)


@lru_cache(maxsize=64)
def _statement(text: str) -> Statement:
    """Return a statement, put together once per shape of filter; the names of columns are our own."""
    return Statement(text)
