"""Reads for previews: whom a proposal can concern, page by page, and a mark of everything that can move the outcome."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from directory.effects import Alike, Standing
from directory.model import GroupId, TenantId, UserId
from directory.store import policy
from directory.store.compiled import Statement
from directory.store.insert import ON_A_THREAD_ROWS, SLICE_ROWS
from directory.store.policy import Walk
from directory.store.unit import Row, fetch

BATCH_USERS = 5_000
"""Users read at a time: about 40 ms of the database's own work, and less than one of ours."""

_MEMBERS = (
    "SELECT user_id AS id FROM member_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND user_id > $3::uuid"
    " ORDER BY user_id LIMIT $4::bigint"
)
_DEFAULTED = (
    "SELECT id FROM (SELECT * FROM (SELECT id FROM user_row WHERE tenant_id = $1::uuid AND origin = 'default'"
    " AND decided_group_id IS NULL AND deleted_at IS NULL AND id > $2::uuid ORDER BY id LIMIT $3::bigint) AS d"
    " UNION SELECT * FROM (SELECT l.user_id AS id FROM lock_row l"
    " JOIN user_row x ON x.tenant_id = l.tenant_id AND x.id = l.user_id"
    " WHERE l.tenant_id = $1::uuid AND l.user_id > $2::uuid AND x.deleted_at IS NULL"
    " ORDER BY l.user_id LIMIT $3::bigint) AS l) AS both_kinds ORDER BY id LIMIT $3::bigint"
)
_THESE = "SELECT id FROM unnest($2::uuid[]) AS given (id)"
# Materialized, or SQLite looks for the groups twice: to group by them, and to return them.
_ALIKE = (
    "WITH each_one AS MATERIALIZED (SELECT u.id, u.role_id, u.active, l.role_id AS lock_role_id, u.unlocked_role_id,"
    " {groups} AS group_ids FROM ({page}) AS s JOIN user_row u ON u.tenant_id = $1::uuid AND u.id = s.id"
    " LEFT JOIN lock_row l ON l.tenant_id = u.tenant_id AND l.user_id = u.id WHERE u.deleted_at IS NULL)"
    " SELECT role_id, active, lock_role_id, unlocked_role_id, group_ids, {joined_ids} AS user_ids FROM each_one"
    " GROUP BY role_id, active, lock_role_id, unlocked_role_id, group_ids"
)
_GROUPS = (
    "(SELECT {joined_groups} FROM member_row m"
    " JOIN mapping_row p ON p.tenant_id = m.tenant_id AND p.group_id = m.group_id"
    " WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id AND NOT m.withheld)"
)


def _alike(page: str, groups: str = _GROUPS) -> Statement:
    """Return the statement that groups the users of a page by all that decides their roles."""
    return Statement(
        _ALIKE.format(
            page=page,
            groups=groups.format(joined_groups="string_agg(m.group_id::text, ',' ORDER BY m.group_id)"),
            joined_ids="string_agg(id::text, ',')",
        ),
        sqlite=_ALIKE.format(
            page=page,
            groups=groups.format(joined_groups="group_concat(m.group_id, ',')"),
            joined_ids="group_concat(id, ',')",
        ),
    )


_MEMBERS_ALIKE = _alike(_MEMBERS)
_THESE_ALIKE = _alike(_THESE)
# Whom no mapping fits, as is stored while no walk is under way, is in no mapped group: only the locked are looked up.
_DEFAULTED_ALIKE = _alike(_DEFAULTED, f"CASE WHEN l.user_id IS NOT NULL THEN {_GROUPS} END")
_NAMES = Statement(
    "SELECT id, user_name, display_name FROM user_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])"
)
# Counts that only grow: of users who come, go or come back, of locks set and lifted (both by triggers), of changes of
# the groups that decide. With the policy's mark and the walks: if none moved, neither did what is stored or what the
# rule says of anybody. Who comes into a group, or goes from it in whatever way, moves the group: so for its members it
# counts the locks alone, and not who else comes and goes.
_MARK = Statement(
    "SELECT t.policy_mark,"
    " (SELECT coalesce(sum(y.moves), 0)::bigint FROM tally_row y WHERE y.tenant_id = t.id AND y.kind = ANY($2::text[]))"
    " AS people_moves FROM tenant_row t WHERE t.id = $1::uuid"
)
_EVERYBODY_MOVES = ["user", "local", "lock"]
_VERSIONS = Statement(
    "SELECT g.id, g.version FROM group_row g WHERE g.tenant_id = $1::uuid AND g.id = $2::uuid UNION"
    " SELECT g.id, g.version FROM mapping_row p JOIN group_row g ON g.tenant_id = p.tenant_id AND g.id = p.group_id"
    " WHERE p.tenant_id = $1::uuid"
)
_SIZES = Statement(
    "SELECT coalesce(sum(CASE WHEN id = $2::uuid THEN member_count END), 0)::bigint AS own,"
    " coalesce(sum(CASE WHEN id <> $2::uuid THEN member_count END), 0)::bigint AS others"
    " FROM group_row WHERE tenant_id = $1::uuid AND (id = $2::uuid OR id = ANY($3::uuid[]))"
)
# CROSS JOIN: SQLite then begins with the smaller side.
_OWN_FIRST = Statement(
    "SELECT 1 AS found FROM member_row m CROSS JOIN member_row o WHERE m.tenant_id = $1::uuid AND m.group_id = $2::uuid"
    " AND o.tenant_id = m.tenant_id AND o.user_id = m.user_id AND o.group_id = ANY($3::uuid[]) LIMIT 1"
)
_OTHERS_FIRST = Statement(
    "SELECT 1 AS found FROM member_row o CROSS JOIN member_row m"
    " WHERE o.tenant_id = $1::uuid AND o.group_id = ANY($3::uuid[])"
    " AND m.tenant_id = o.tenant_id AND m.group_id = $2::uuid AND m.user_id = o.user_id LIMIT 1"
)
COMPARED_MAX = 20_000
"""Members whose other groups are looked up: about 20 ms of the database's own work."""
_ADMINISTRATORS = Statement(
    "SELECT count(*) AS total FROM user_row u JOIN tenant_row t ON t.id = u.tenant_id"
    " LEFT JOIN lock_row l ON l.tenant_id = u.tenant_id AND l.user_id = u.id"
    " WHERE u.tenant_id = $1::uuid AND u.active AND u.deleted_at IS NULL AND u.id IN ("
    "SELECT k.user_id FROM lock_row k WHERE k.tenant_id = $1::uuid UNION SELECT m.user_id FROM mapping_row p"
    " JOIN member_row m ON m.tenant_id = p.tenant_id AND m.group_id = p.group_id"
    " WHERE p.tenant_id = $1::uuid AND p.role_id = (SELECT administrator_role_id FROM tenant_row WHERE id = $1::uuid))"
    " AND t.administrator_role_id = coalesce(l.role_id, (SELECT p.role_id FROM member_row m"
    " JOIN mapping_row p ON p.tenant_id = m.tenant_id AND p.group_id = m.group_id"
    " WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id AND NOT m.withheld ORDER BY p.position LIMIT 1))"
)
_FIRST_ID = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The members of a group."""

    group_id: GroupId


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaulted:
    """Users whom no mapping fits, by what is stored, and those whose stored role is still being decided."""

    walks: tuple[Walk, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """One user."""

    user_id: UserId


Scope = Members | Defaulted | Alone
"""Whom a proposal can concern; nobody else changes by it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The same mark at two moments means that no outcome moved between them; another mark means nothing."""

    policy_mark: UUID
    people_moves: int
    versions: frozenset[tuple[GroupId, int]]
    """Of the groups that decide, and of the one concerned."""
    walks: tuple[Walk, ...]

    def moved_groups(self, since: "Mark") -> frozenset[GroupId] | None:
        """Return the groups that moved since another mark; None if anything else did."""
        if replace(self, versions=since.versions) != since:
            return None
        return frozenset(group_id for group_id, _ in self.versions ^ since.versions)


async def each_alike(
    tenant_id: TenantId, scope: Scope, *, after: UserId | None = None, first: int | None = None
) -> AsyncIterator[list[Alike]]:
    """Yield those in the scope behind the user ``after``, in batches in the order of ids, by how they stand.

    ``first`` is how many to begin with, for who hopes to find a page soon; each further batch is twice as large.
    """
    reached, limit = after or UserId(_FIRST_ID), first or BATCH_USERS
    while batch := await _alike_after(tenant_id, scope, reached, limit):
        yield batch
        reached = UserId(UUID(max(max(alike.user_ids) for alike in batch)))
        limit = min(2 * limit, BATCH_USERS)


async def names_of(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, tuple[str, str]]:
    """Return (user name, display name) of these users."""
    rows = await fetch(_NAMES, tenant_id, list(user_ids), unbounded=len(user_ids) >= ON_A_THREAD_ROWS)
    return {UserId(row["id"]): (row["user_name"], row["display_name"]) for row in rows}


async def count_administrators(tenant_id: TenantId) -> int:
    """Return how many active users the role rule makes administrators now."""
    (row,) = await fetch(_ADMINISTRATORS, tenant_id, unbounded=True)
    return int(row["total"])


async def read_mark(tenant_id: TenantId, scope: Scope) -> Mark:
    """Return the mark of what can move the outcome for those in the scope."""
    group_id = scope.group_id if isinstance(scope, Members) else None
    (row,) = await fetch(_MARK, tenant_id, _EVERYBODY_MOVES if group_id is None else ["lock"])
    versions = await fetch(_VERSIONS, tenant_id, group_id)
    return Mark(
        policy_mark=row["policy_mark"],
        people_moves=row["people_moves"],
        versions=frozenset((GroupId(row["id"]), row["version"]) for row in versions),
        walks=tuple(await policy.list_walks(tenant_id)),
    )


async def share_nobody(tenant_id: TenantId, group_id: GroupId, others: Collection[GroupId]) -> bool:
    """Whether it is certain that nobody is in the group and in one of the others: not where all are large."""
    if not others:
        return True
    ids = sorted(others)
    (sizes,) = await fetch(_SIZES, tenant_id, group_id, ids)
    if min(sizes["own"], sizes["others"]) > COMPARED_MAX:
        return False
    statement = _OWN_FIRST if sizes["own"] < sizes["others"] else _OTHERS_FIRST
    return not await fetch(statement, tenant_id, group_id, ids, unbounded=True)


async def _alike_after(tenant_id: TenantId, scope: Scope, after: UserId, limit: int) -> list[Alike]:
    if isinstance(scope, Members):
        rows = await fetch(_MEMBERS_ALIKE, tenant_id, scope.group_id, after, limit, unbounded=True)
    elif isinstance(scope, Alone):
        rows = await fetch(_THESE_ALIKE, tenant_id, [scope.user_id]) if scope.user_id > after else []
    elif scope.walks:
        return await _walked_after(tenant_id, scope.walks, after)
    else:
        rows = await fetch(_DEFAULTED_ALIKE, tenant_id, after, limit, unbounded=True)
    return [_alike_from(row) for row in rows]


async def _walked_after(tenant_id: TenantId, walks: Sequence[Walk], after: UserId) -> list[Alike]:
    """Return the next of those with the default role and of those whom walks still have ahead.

    Tombstones among the latter are left out, so a batch may come out empty before the end is reached.
    """
    while True:
        found = set(await policy.defaulted_after(tenant_id, after, SLICE_ROWS))
        for walk in walks:
            found.update(await policy.walked_after(walk, after, SLICE_ROWS))
        page = sorted(found)[:SLICE_ROWS]
        if not page:
            return []
        rows = await fetch(_THESE_ALIKE, tenant_id, page, unbounded=True)
        if rows:
            return [_alike_from(row) for row in rows]
        after = page[-1]


def _alike_from(row: Row) -> Alike:
    groups = row["group_ids"]
    return Alike(
        Standing(
            row["role_id"],
            row["active"],
            row["lock_role_id"],
            row["unlocked_role_id"],
            frozenset(GroupId(UUID(group_id)) for group_id in groups.split(",")) if groups else frozenset(),
        ),
        row["user_ids"].split(","),
    )
