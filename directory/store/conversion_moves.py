"""Writes of single users of a conversion, and the reads that they rest on: who is there, and whose a name is."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from directory.model import TenantId, User, UserId
from directory.names import name_key
from directory.plan_conversions import Other, Outcome, Scanned, Verdict
from directory.renames import Alias
from directory.store.compiled import Statement
from directory.store.conversions import Conversion
from directory.store.holding import HeldRead
from directory.store.insert import ON_A_THREAD_ROWS, Insert, ManyRows
from directory.store.people import USER
from directory.store.rows import user_from
from directory.store.tables import columns_of
from directory.store.tables_conversion import ConversionItemRow
from directory.store.tenancy import BY_THE_FIRST
from directory.store.unit import Row, execute, fetch, fetch_one

# Whoever has the e-mail of a user in some way, and whether that one is active.
_SAME = "o.tenant_id = i.tenant_id AND o.job_id = i.job_id AND o.email_key = i.email_key AND o.user_id <> i.user_id"
_NAMED = "n.tenant_id = i.tenant_id AND n.user_name_key = i.email_key AND n.deleted_at IS NULL AND n.id <> i.user_id"
_FORMER = "a.tenant_id = i.tenant_id AND a.user_name_key = i.email_key AND a.user_id <> i.user_id"
SHARED_MAX = 20
"""Among so many who have one e-mail an active one is looked for."""

_TO_JUDGE = Statement(
    "SELECT j.user_id, j.old_name, j.email, j.shared_id::uuid AS shared_id, j.named_id::uuid AS named_id,"
    " j.former_id::uuid AS former_id, su.active AS shared_active, nu.active AS named_active,"
    " au.active AS former_active FROM (SELECT i.tenant_id, i.user_id, i.old_name, i.email,"
    f" (SELECT s.user_id FROM (SELECT o.user_id, x.active FROM conversion_item_row o LEFT JOIN user_row x"
    f" ON x.tenant_id = o.tenant_id AND x.id = o.user_id WHERE {_SAME} ORDER BY o.user_id LIMIT {SHARED_MAX}) AS s"
    " ORDER BY s.active IS TRUE DESC, s.user_id LIMIT 1) AS shared_id,"
    f" (SELECT n.id FROM user_row n WHERE {_NAMED}) AS named_id,"
    f" (SELECT a.user_id FROM alias_row a WHERE {_FORMER}) AS former_id"
    " FROM conversion_item_row i WHERE i.tenant_id = $1::uuid AND i.job_id = $2::uuid AND i.user_id > $3::uuid"
    " ORDER BY i.user_id LIMIT $4::bigint) AS j"
    " LEFT JOIN user_row su ON su.tenant_id = j.tenant_id AND su.id = j.shared_id"
    " LEFT JOIN user_row nu ON nu.tenant_id = j.tenant_id AND nu.id = j.named_id"
    " LEFT JOIN user_row au ON au.tenant_id = j.tenant_id AND au.id = j.former_id ORDER BY j.user_id"
)
_INSERT_ITEMS = Insert("conversion_item_row", columns_of(ConversionItemRow))
# Whoever comes from the super tenant is named there: a name given here would be taken back by the next routing.
_NEXT_USERS = Statement(
    "SELECT id, user_name, email FROM user_row u WHERE tenant_id = $1::uuid AND deleted_at IS NULL AND id > $2::uuid"
    " AND NOT EXISTS (SELECT 1 FROM source_row s WHERE s.tenant_id = $1::uuid AND s.id = u.source_id"
    " AND s.kind = 'routed') ORDER BY id LIMIT $3::bigint"
)
_VERDICT = {
    "tenant_id": "uuid",
    "job_id": "uuid",
    "user_id": "uuid",
    "kind": "text",
    "reason": "text",
    "other_id": "uuid",
    "new_name": "text",
    "new_key": "text",
}
_SET = ", ".join(f"{name} = n.{name}" for name in tuple(_VERDICT)[3:])
_OWN = " AND ".join(f"conversion_item_row.{name} = n.{name}" for name in tuple(_VERDICT)[:3])
_LISTS = ", ".join(f"${at}::{declared}[]" for at, declared in enumerate(_VERDICT.values(), 1))
_CELLS = ", ".join(f"value ->> {at} AS {name}" for at, name in enumerate(_VERDICT))
_JUDGE = ManyRows(
    tuple(_VERDICT.values()),
    named=BY_THE_FIRST,
    postgres=f"UPDATE conversion_item_row SET {_SET} FROM unnest({_LISTS}) AS n ({', '.join(_VERDICT)}) WHERE {_OWN}",
    sqlite=f"UPDATE conversion_item_row SET {_SET} FROM (SELECT {_CELLS} FROM json_each($1)) AS n WHERE {_OWN}",
)
_SETTLE = Statement(
    "UPDATE conversion_item_row SET outcome = $3::text"
    " WHERE tenant_id = $1::uuid AND job_id = $2::uuid AND user_id = ANY($4::uuid[])"
)
_KEEP = Statement(
    "UPDATE conversion_item_row SET former_name = $4::text, former_until = $5::timestamptz"
    " WHERE tenant_id = $1::uuid AND job_id = $2::uuid AND user_id = $3::uuid"
)
_CHOOSE = Statement(
    "UPDATE conversion_item_row SET new_name = $4::text, new_key = $5::text, chosen = TRUE"
    " WHERE tenant_id = $1::uuid AND job_id = $2::uuid AND user_id = $3::uuid"
)
_HOLDER = Statement(
    "SELECT user_id FROM conversion_item_row WHERE tenant_id = $1::uuid AND job_id = $2::uuid AND new_key = $3::text"
)
_USERS = HeldRead(
    f"{USER} WHERE u.tenant_id = $1::uuid AND u.id = ANY($2::uuid[]) AND u.deleted_at IS NULL ORDER BY u.id", of="u"
)
_TAKEN = Statement(
    "SELECT user_name_key AS key, id::uuid AS user_id FROM user_row WHERE tenant_id = $1::uuid"
    " AND user_name_key = ANY($2::text[]) AND deleted_at IS NULL UNION ALL"
    " SELECT user_name_key AS key, user_id::uuid AS user_id FROM alias_row WHERE tenant_id = $1::uuid"
    " AND user_name_key = ANY($2::text[])"
)


async def next_users(job: Conversion, after: UUID, *, limit: int) -> list[tuple[UserId, str, str | None]]:
    """Return (id, user name, main e-mail) of the next users of the tenant."""
    rows = await fetch(_NEXT_USERS, job.tenant_id, after, limit, unbounded=True)
    return [(UserId(row["id"]), row["user_name"], row["email"] or None) for row in rows]


async def add_items(job: Conversion, users: Sequence[tuple[UserId, str, str | None]]) -> None:
    """Keep users, to be judged."""
    await _INSERT_ITEMS(
        (
            job.tenant_id,
            job.job_id,
            user_id,
            old_name,
            email,
            None if email is None else name_key(email),
            "open",
            "",
            None,
            None,
            None,
            False,
            None,
            None,
            None,
        )
        for user_id, old_name, email in users
    )


async def list_to_judge(job: Conversion, after: UUID, *, limit: int) -> list[Scanned]:
    """Return what the verdicts on the next users rest on."""
    rows = await fetch(_TO_JUDGE, job.tenant_id, job.job_id, after, limit, unbounded=True)
    return [
        Scanned(
            user_id=UserId(row["user_id"]),
            user_name=row["old_name"],
            email=row["email"],
            named=_other(row, "named"),
            formerly=_other(row, "former"),
            shared=_other(row, "shared"),
        )
        for row in rows
    ]


async def judge(job: Conversion, verdicts: Sequence[Verdict]) -> None:
    """Keep what is to become of users."""
    rows = [
        (
            job.tenant_id,
            job.job_id,
            one.user_id,
            one.kind,
            one.reason,
            one.other_id,
            one.new_name,
            None if one.new_name is None else name_key(one.new_name),
        )
        for one in verdicts
    ]
    if rows:
        await execute(_JUDGE, *rows, unbounded=len(rows) >= ON_A_THREAD_ROWS)


async def settle(job: Conversion, outcomes: Mapping[UserId, Outcome]) -> None:
    """Note what came of users."""
    alike: dict[Outcome, list[UserId]] = {}
    for user_id, outcome in outcomes.items():
        alike.setdefault(outcome, []).append(user_id)
    for outcome, user_ids in alike.items():
        many = len(user_ids) >= ON_A_THREAD_ROWS
        await execute(_SETTLE, job.tenant_id, job.job_id, outcome, user_ids, unbounded=many)


async def keep_former(job: Conversion, former: Iterable[Alias]) -> None:
    """Note which own former names became user names again, so that an undo leaves them as they were."""
    for one in former:
        await execute(_KEEP, job.tenant_id, job.job_id, one.user_id, one.user_name, one.until)


async def choose(job: Conversion, user_id: UserId, new_name: str | None) -> None:
    """Keep what an operator decided.

    Raises:
        UniqueViolationError: another user of the conversion is to have the name.
    """
    key = None if new_name is None else name_key(new_name)
    await execute(_CHOOSE, job.tenant_id, job.job_id, user_id, new_name, key)


async def find_future_holder(job: Conversion, name: str) -> UserId | None:
    """Return which user of the conversion is to have a name."""
    row = await fetch_one(_HOLDER, job.tenant_id, job.job_id, name_key(name))
    return None if row is None else UserId(row["user_id"])


async def hold_users(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, User]:
    """Return these users and hold their rows until the unit ends."""
    rows = await _USERS(tenant_id, sorted(user_ids), unbounded=len(user_ids) >= ON_A_THREAD_ROWS)
    return {UserId(row["id"]): user_from(row) for row in rows}


async def find_holders(tenant_id: TenantId, names: Sequence[str]) -> dict[str, UserId]:
    """Return who has these names, as user name or as a former one that matches; by the key of the name."""
    keys = sorted({name_key(name) for name in names})
    rows = await fetch(_TAKEN, tenant_id, keys, unbounded=len(keys) >= ON_A_THREAD_ROWS)
    return {row["key"]: UserId(row["user_id"]) for row in rows}


def _other(row: Row, name: str) -> Other | None:
    user_id = row[f"{name}_id"]
    return None if user_id is None else Other(user_id=UserId(user_id), active=bool(row[f"{name}_active"]))
