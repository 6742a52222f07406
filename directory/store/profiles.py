"""Reads of one person: by which ids sources know it, whom it reports to, and who reports to it."""

from collections.abc import Sequence
from typing import NamedTuple

from directory.model import SourceId, TenantId, UserId
from directory.names import name_key
from directory.store.compiled import Statement
from directory.store.manager_refs import asked_by, resolve
from directory.store.unit import Row, fetch

MANAGER_KEY_MAX = 200
"""Characters of a manager reference that the index holds."""

_LINKS = Statement(
    "SELECT k.source_id, k.external_id, s.label, (SELECT e.at FROM event_row e WHERE e.tenant_id = k.tenant_id"
    " AND e.subject_id = k.user_id AND e.actor_id = k.source_id ORDER BY e.id DESC LIMIT 1)::timestamptz AS seen_at"
    " FROM user_link_row k JOIN source_row s ON s.tenant_id = k.tenant_id AND s.id = k.source_id"
    " WHERE k.tenant_id = $1::uuid AND k.user_id = $2::uuid ORDER BY s.label, k.external_id"
)
_PERSON = "u.id, u.user_name, u.display_name, u.title, u.active, u.source_id, u.manager_ref"
_BY_ID = Statement(
    f"SELECT {_PERSON} FROM user_row u WHERE u.tenant_id = $1::uuid AND u.id = $2::uuid AND u.deleted_at IS NULL"
)
# Each database has an index for one of the two: PostgreSQL's of the whole reference, SQLite's of its beginning.
_REPORTS = Statement(
    f"SELECT {_PERSON} FROM user_row u WHERE u.tenant_id = $1::uuid AND u.manager_ref IS NOT NULL"
    " AND u.deleted_at IS NULL AND u.manager_ref = ANY($2::text[])"
    " AND substr(u.manager_ref, 1, 200) = ANY($3::text[]) LIMIT $4::bigint"
)


class Colleague(NamedTuple):
    """Somebody in a chain of managers."""

    user_id: UserId
    user_name: str
    display_name: str
    title: str | None
    active: bool
    source_id: SourceId | None
    manager_ref: str | None


async def list_links(tenant_id: TenantId, user_id: UserId) -> list[Row]:
    """Return by which externalId each source knows a user, and when it last changed it."""
    return await fetch(_LINKS, tenant_id, user_id)


async def find_manager(tenant_id: TenantId, source_id: SourceId | None, manager_ref: str) -> Colleague | None:
    """Return whom a reference means."""
    asked = asked_by(source_id, manager_ref)
    meant = (await resolve(tenant_id, [asked])).get(asked)
    found = [] if meant is None else await fetch(_BY_ID, tenant_id, meant.user_id)
    return _colleague_from(found[0]) if found else None


async def list_reports(tenant_id: TenantId, refs: Sequence[str], *, limit: int) -> list[Colleague]:
    """Return some users whose manager reference is one of these, by name."""
    # Sorted here: asked for an order, SQLite walks all users in it instead of the index of references.
    keys = [ref[:MANAGER_KEY_MAX] for ref in refs]
    found = [_colleague_from(row) for row in await fetch(_REPORTS, tenant_id, refs, keys, limit)]
    return sorted(found, key=lambda one: (name_key(one.display_name), one.user_id))


def _colleague_from(row: Row) -> Colleague:
    source_id = row["source_id"]
    return Colleague(
        user_id=UserId(row["id"]),
        user_name=row["user_name"],
        display_name=row["display_name"],
        title=row["title"],
        active=row["active"],
        source_id=None if source_id is None else SourceId(source_id),
        manager_ref=row["manager_ref"],
    )
