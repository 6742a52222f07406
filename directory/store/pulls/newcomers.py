"""Whether any of many newcomers meets anybody: one look, where ``arrivals.look_around`` looks for one."""

from collections.abc import Sequence

from directory.model import SourceId, TenantId
from directory.store.compiled import Statement
from directory.store.insert import ON_A_THREAD_ROWS
from directory.store.unit import Row, fetch

_OTHERS = "coalesce(u.source_id, u.tenant_id) <> $2::uuid"  # of no source: no source has the tenant's id
_NAMED = "u.tenant_id = $1::uuid AND u.user_name_key {among} AND u.deleted_at IS NULL"
_GONE = (
    "u.tenant_id = $1::uuid AND u.user_name_key {among} AND u.source_id = $2::uuid AND u.deleted_at IS NOT NULL"
    " AND u.erased_at IS NULL"
)
_WAITS = (
    "FROM waiting_row w JOIN group_row g ON g.tenant_id = w.tenant_id AND g.id = w.group_id"
    " WHERE w.tenant_id = $1::uuid AND w.value {among}"
)
_SQLITE = (
    f"SELECT 'name' AS met, u.user_name_key AS value, u.id, u.source_id FROM user_row u WHERE {_NAMED}"
    " UNION ALL SELECT 'name', a.user_name_key, u.id, u.source_id FROM alias_row a"
    " JOIN user_row u ON u.tenant_id = a.tenant_id AND u.id = a.user_id"
    " WHERE a.tenant_id = $1::uuid AND a.user_name_key {among}"
    f" UNION ALL SELECT 'returned', u.user_name_key, u.id, u.source_id FROM user_row u WHERE {_GONE}"
    " UNION ALL SELECT 'returned', l.user_name_key, l.user_id, l.tenant_id FROM left_name_row l"
    " WHERE l.tenant_id = $1::uuid AND l.user_name_key {among}"
).format(among="= ANY($3::text[])") + (
    " UNION ALL SELECT 'id', k.external_id, k.user_id, k.source_id FROM user_link_row k"
    " WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = ANY($4::text[])"
    f" UNION ALL SELECT 'waits', w.value, w.group_id, g.source_id {_WAITS.format(among='= ANY($4::text[])')}"
    " UNION ALL SELECT 'address', e.value_key, u.id, u.source_id FROM email_row e"
    " JOIN user_row u ON u.tenant_id = e.tenant_id AND u.id = e.user_id WHERE e.tenant_id = $1::uuid"
    f" AND e.value_key = ANY($5::text[]) AND u.deleted_at IS NULL AND {_OTHERS}"
    " UNION ALL SELECT 'address', u.user_name_key, u.id, u.source_id FROM user_row u"
    f" WHERE {_NAMED.format(among='= ANY($5::text[])')} AND {_OTHERS}"
)


def _each(met: str, list_at: int, *tables: str) -> str:
    """Return PostgreSQL's text of one look: for each value of a list one look into an index, and so on from there.

    Otherwise it takes what it knows of the tables from a minute ago, when they had next to nothing, and reads all of
    the tenant's rows. ``OFFSET 0`` keeps it from thinking further.
    """
    steps = "".join(f" CROSS JOIN LATERAL (SELECT {table} OFFSET 0) AS {'abc'[at]}" for at, table in enumerate(tables))
    last = "abc"[len(tables) - 1]
    values = f"unnest(${list_at}::text[]) AS n (value)"
    return f"SELECT '{met}' AS met, n.value, {last}.id, {last}.source_id FROM {values}{steps}"


_USER = "u.id, u.source_id FROM user_row u WHERE"
_POSTGRES = " UNION ALL ".join(
    (
        _each("name", 3, f"{_USER} {_NAMED.format(among='= n.value')}"),
        _each(
            "name",
            3,
            "x.user_id FROM alias_row x WHERE x.tenant_id = $1::uuid AND x.user_name_key = n.value",
            f"{_USER} u.tenant_id = $1::uuid AND u.id = a.user_id",
        ),
        _each("returned", 3, f"{_USER} {_GONE.format(among='= n.value')}"),
        _each(
            "returned",
            3,
            "l.user_id AS id, l.tenant_id AS source_id FROM left_name_row l"
            " WHERE l.tenant_id = $1::uuid AND l.user_name_key = n.value",
        ),
        _each(
            "id",
            4,
            "k.user_id AS id, k.source_id FROM user_link_row k"
            " WHERE k.tenant_id = $1::uuid AND k.source_id = $2::uuid AND k.external_id = n.value",
        ),
        _each("waits", 4, f"w.group_id AS id, g.source_id {_WAITS.format(among='= n.value')}"),
        _each(
            "address",
            5,
            "e.user_id FROM email_row e WHERE e.tenant_id = $1::uuid AND e.value_key = n.value",
            f"{_USER} u.tenant_id = $1::uuid AND u.id = a.user_id AND u.deleted_at IS NULL AND {_OTHERS}",
        ),
        _each("address", 5, f"{_USER} {_NAMED.format(among='= n.value')} AND {_OTHERS}"),
    )
)
_LOOK = Statement(_POSTGRES, sqlite=_SQLITE)


async def look_around_many(
    tenant_id: TenantId,
    source_id: SourceId,
    *,
    name_keys: Sequence[str],
    external_ids: Sequence[str],
    keys: Sequence[str],
) -> list[Row]:
    """Return whom newcomers meet: ``met`` says by what, ``value`` by which name, id or address; nearly always nobody.

    ``keys`` are names and addresses that somebody who is not the source's may have.
    """
    many = len(name_keys) >= ON_A_THREAD_ROWS
    return await fetch(_LOOK, tenant_id, source_id, list(name_keys), list(external_ids), list(keys), unbounded=many)
