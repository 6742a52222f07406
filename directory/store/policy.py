"""Reads of what a tenant decides roles by, and of the walks that decide them anew."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from directory.followers import Place, note_place
from directory.model import AccessRole, GroupId, GroupMapping, RoleId, TenantId, UserId
from directory.roles import RolePolicy
from directory.store.access import list_roles, role_from
from directory.store.compiled import Statement
from directory.store.holding import hold as held
from directory.store.insert import ON_A_THREAD_ROWS
from directory.store.rows import mapping_from
from directory.store.unit import Row, execute, fetch, fetch_one, once_committed

_MARK = Statement("SELECT policy_mark, routing_mark, parent_id FROM tenant_row WHERE id = $1::uuid")
_POLICY = Statement(
    "SELECT t.policy_mark, t.default_role_id, t.administrator_role_id, t.policy_version,"
    " p.group_id, p.role_id, p.position, p.consented_by"
    " FROM tenant_row t LEFT JOIN mapping_row p ON p.tenant_id = t.id WHERE t.id = $1::uuid ORDER BY p.position"
)
_LINES = Statement(
    "SELECT p.group_id, p.role_id, p.position, p.consented_by, g.display_name, g.document, g.member_count,"
    " g.waiting_count, g.nested_count, g.modified_at, g.deleted_at, s.label, r.id, r.name, r.permissions, r.shipped,"
    " (SELECT n.name FROM group_name_row n WHERE n.tenant_id = g.tenant_id AND n.group_id = g.id"
    " ORDER BY n.until DESC LIMIT 1) AS former_name,"
    " (SELECT count(*) FROM user_row u WHERE u.tenant_id = p.tenant_id AND u.origin = 'mapping'"
    " AND u.decided_group_id = p.group_id AND u.deleted_at IS NULL) AS decided_count"
    " FROM mapping_row p JOIN group_row g ON g.tenant_id = p.tenant_id AND g.id = p.group_id"
    " JOIN source_row s ON s.tenant_id = g.tenant_id AND s.id = g.source_id"
    " JOIN role_row r ON r.tenant_id = p.tenant_id AND r.id = p.role_id"
    " WHERE p.tenant_id = $1::uuid ORDER BY p.position"
)
_UNMAPPED = Statement(
    "SELECT g.* FROM group_row g WHERE g.tenant_id = $1::uuid AND g.deleted_at IS NULL"
    " AND (g.display_name_key > $2::text OR (g.display_name_key = $2::text AND g.id > $3::uuid))"
    " AND NOT EXISTS (SELECT 1 FROM mapping_row p WHERE p.tenant_id = g.tenant_id AND p.group_id = g.id)"
    " ORDER BY g.display_name_key, g.id LIMIT $4::bigint"
)
_DEFAULTED_COUNT = Statement(
    "SELECT count(*) AS total FROM user_row WHERE tenant_id = $1::uuid AND origin = 'default'"
    " AND decided_group_id IS NULL AND deleted_at IS NULL"
)
_UNMAPPED_COUNT = Statement(
    "SELECT (SELECT coalesce(sum(things), 0)::bigint FROM tally_row WHERE tenant_id = $1::uuid AND kind = 'group')"
    " - (SELECT count(*) FROM mapping_row p JOIN group_row g ON g.tenant_id = p.tenant_id AND g.id = p.group_id"
    " WHERE p.tenant_id = $1::uuid AND g.deleted_at IS NULL) AS total"
)
# By what decides roles, not by the roles stored: while a change of the policy is being worked off, they differ.
_LOCKED_ADMINISTRATOR = Statement(
    "SELECT 1 AS found FROM lock_row l JOIN tenant_row t ON t.id = l.tenant_id AND t.administrator_role_id = l.role_id"
    " CROSS JOIN user_row u WHERE u.tenant_id = l.tenant_id AND u.id = l.user_id"
    " AND l.tenant_id = $1::uuid AND u.active AND u.deleted_at IS NULL LIMIT 1"
)
# CROSS JOIN keeps SQLite from beginning with the members: without mappings it read all of them for nothing (8 s of
# 1,000,000).
_MAPPED_ADMINISTRATOR = Statement(
    "SELECT 1 AS found FROM tenant_row t CROSS JOIN mapping_row p CROSS JOIN member_row m CROSS JOIN user_row u"
    " WHERE t.id = $1::uuid AND p.tenant_id = t.id AND p.role_id = t.administrator_role_id"
    " AND m.tenant_id = p.tenant_id AND m.group_id = p.group_id AND NOT m.withheld"
    " AND u.tenant_id = m.tenant_id AND u.id = m.user_id AND u.active AND u.deleted_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM lock_row l WHERE l.tenant_id = u.tenant_id AND l.user_id = u.id)"
    " AND NOT EXISTS (SELECT 1 FROM mapping_row p2 CROSS JOIN member_row m2"
    " WHERE p2.tenant_id = t.id AND p2.position < p.position AND m2.tenant_id = p2.tenant_id"
    " AND m2.group_id = p2.group_id AND m2.user_id = u.id AND NOT m2.withheld) LIMIT 1"
)
_WALKS = Statement(
    "SELECT tenant_id, id, group_id, event_id, after_user_id FROM redecision_row WHERE tenant_id = $1::uuid ORDER BY id"
)
_WALKING_TENANTS = Statement("SELECT DISTINCT tenant_id FROM redecision_row", house=True)
_WALK = Statement(
    "SELECT tenant_id, id, group_id, event_id, after_user_id FROM redecision_row"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid FOR NO KEY UPDATE"
)
_ADVANCE = Statement("UPDATE redecision_row SET after_user_id = $3::uuid WHERE tenant_id = $1::uuid AND id = $2::uuid")
_FINISH = Statement("DELETE FROM redecision_row WHERE tenant_id = $1::uuid AND id = $2::uuid")
_MEMBERS_AFTER = Statement(
    "SELECT user_id AS id FROM member_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND user_id > $3::uuid"
    " ORDER BY user_id LIMIT $4::bigint"
)
_DEFAULTED_AFTER = Statement(
    "SELECT id FROM (SELECT * FROM (SELECT id FROM user_row WHERE tenant_id = $1::uuid AND origin = 'default'"
    " AND decided_group_id IS NULL AND deleted_at IS NULL AND id > $2::uuid ORDER BY id LIMIT $3::bigint) AS d"
    " UNION ALL SELECT * FROM (SELECT user_id AS id FROM lock_row WHERE tenant_id = $1::uuid AND user_id > $2::uuid"
    " ORDER BY user_id LIMIT $3::bigint) AS l) AS both_kinds ORDER BY id LIMIT $3::bigint"
)
_MOVED_AFTER = Statement(
    "SELECT user_id AS id FROM event_member_row WHERE tenant_id = $1::uuid AND event_id = $2::uuid"
    " AND user_id > $3::uuid ORDER BY user_id LIMIT $4::bigint"
)
_FIRST_ID = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingLine:
    """A line of the ordered list with what people want to know of it."""

    mapping: GroupMapping
    role: AccessRole
    group_name: str
    external_id: str | None
    source_label: str
    member_count: int
    waiting_count: int
    nested_count: int
    """Groups that it has as members; nobody's role comes from them."""
    decided_count: int
    """Users whose role this line decides."""
    former_name: str | None
    """What the group was called before its source renamed it."""
    pushed_at: datetime
    """When its source last changed it."""
    gone: bool
    """The source deleted the group; the line waits for its return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Users whose roles are decided anew: members of a group, those whom an event moved, or those by default."""

    tenant_id: TenantId
    walk_id: UUID
    group_id: GroupId | None
    event_id: UUID | None
    after: UUID


_known: dict[TenantId, tuple[UUID, RolePolicy]] = {}
"""The policy last read of each tenant, good for as long as the tenant has that mark: each change makes a new one."""
_KNOWN_MAX = 1_000
_administered: set[TenantId] = set()
"""Tenants that were seen with an administrator."""


async def read_policy(tenant_id: TenantId, *, hold: Literal["no", "to decide", "to change"] = "no") -> RolePolicy:
    """Return what the tenant decides roles by.

    ``hold`` keeps others from changing it ("to decide"), or from deciding by it ("to change"), until the unit ends.
    The lines are read only if the mark is not the known one, so that a change of one user does not pay for them.
    """
    if hold != "no":
        await held(policy_name(tenant_id), shared=hold == "to decide")
    (row,) = await fetch(_MARK, tenant_id)
    note_place(tenant_id, Place(row["routing_mark"], row["parent_id"], is_held=hold != "no"))
    return await policy_at(tenant_id, row["policy_mark"])


def policy_name(tenant_id: TenantId) -> str:
    """Return the name under which the policy is held."""
    return f"{tenant_id}/policy"


async def policy_at(tenant_id: TenantId, mark: UUID) -> RolePolicy:
    """Return the policy of a tenant that has this mark now; read only if it is not the known one."""
    known_mark, policy = _known.get(tenant_id, (None, None))
    if policy is not None and known_mark == mark:
        return policy
    rows = await fetch(_POLICY, tenant_id)
    policy = _policy_from(rows, await list_roles(tenant_id, gone=True))
    if len(_known) >= _KNOWN_MAX:
        _known.clear()
    _known[tenant_id] = (rows[0]["policy_mark"], policy)
    return policy


def _policy_from(rows: list[Row], roles: list[AccessRole]) -> RolePolicy:
    return RolePolicy(
        mappings=tuple(mapping_from(row) for row in rows if row["group_id"] is not None),
        default_role_id=RoleId(rows[0]["default_role_id"]),
        administrator_role_id=RoleId(rows[0]["administrator_role_id"]),
        version=rows[0]["policy_version"],
        roles={role.role_id: role for role in roles},
    )


async def list_lines(tenant_id: TenantId) -> list[Row]:
    """Return the rows of the ordered list."""
    return await fetch(_LINES, tenant_id, unbounded=True)


def line_from(row: Row, external_id: str | None) -> MappingLine:
    """Return a line from its row."""
    return MappingLine(
        mapping=mapping_from(row),
        role=role_from(row),
        group_name=row["display_name"],
        external_id=external_id,
        source_label=row["label"],
        member_count=row["member_count"],
        waiting_count=row["waiting_count"],
        nested_count=row["nested_count"],
        decided_count=row["decided_count"],
        former_name=row["former_name"],
        pushed_at=row["modified_at"],
        gone=row["deleted_at"] is not None,
    )


async def count_unmapped(tenant_id: TenantId) -> int:
    """Return how many live groups have no mapping."""
    (row,) = await fetch(_UNMAPPED_COUNT, tenant_id)
    return int(row["total"])


async def count_defaulted(tenant_id: TenantId) -> int:
    """Return how many users have the default role because no mapping fits."""
    (row,) = await fetch(_DEFAULTED_COUNT, tenant_id, unbounded=True)
    return int(row["total"])


async def list_unmapped(tenant_id: TenantId, after: tuple[str, UUID], limit: int) -> list[Row]:
    """Return live groups without a mapping after (name key, id), by name."""
    return await fetch(_UNMAPPED, tenant_id, *after, limit)


async def hold_tenant(tenant_id: TenantId) -> None:
    """Let one unit at a time take administration away in this tenant."""
    await held(f"{tenant_id}/administrators")


async def is_administered(tenant_id: TenantId) -> bool:
    """Whether the tenant has an administrator to lose.

    A tenant that had one has one ever since: that is what the commit sees to. So it is looked up until it is true, and
    until a unit that saw it was committed: what it saw may be of its own making.
    """
    if tenant_id in _administered:
        return True
    if not await has_administrator(tenant_id):
        return False
    once_committed(lambda: _remember_administered(tenant_id))
    return True


def _remember_administered(tenant_id: TenantId) -> None:
    if len(_administered) >= _KNOWN_MAX:
        _administered.clear()
    _administered.add(tenant_id)


async def has_administrator(tenant_id: TenantId) -> bool:
    """Whether the role rule makes an active user the tenant's administrator, by a lock or by a mapping."""
    if await fetch_one(_LOCKED_ADMINISTRATOR, tenant_id) is not None:
        return True
    return await fetch_one(_MAPPED_ADMINISTRATOR, tenant_id) is not None


async def list_walks(tenant_id: TenantId) -> list[Walk]:
    """Return the walks of a tenant that are not done, in the order in which they were asked for."""
    return [_walk_from(row) for row in await fetch(_WALKS, tenant_id)]


async def walking_tenants() -> list[TenantId]:
    """Return the tenants that have walks to finish."""
    return [TenantId(row["tenant_id"]) for row in await fetch(_WALKING_TENANTS)]


async def find_walk(walk: Walk) -> Walk | None:
    """Return the walk as it stands now and hold it, or None if somebody finished it."""
    row = await fetch_one(_WALK, walk.tenant_id, walk.walk_id)
    return None if row is None else _walk_from(row)


async def users_ahead(walk: Walk, limit: int) -> list[UserId]:
    """Return the next users of a walk, in the order of their ids."""
    return await walked_after(walk, walk.after, limit)


async def walked_after(walk: Walk, after: UUID, limit: int) -> list[UserId]:
    """Return users whom a walk still has ahead and whose ids are behind ``after``, in the order of their ids."""
    behind = max(after, walk.after)
    if walk.event_id is not None:
        rows = await fetch(_MOVED_AFTER, walk.tenant_id, walk.event_id, behind, limit)
        return [UserId(row["id"]) for row in rows]
    if walk.group_id is None:
        return await defaulted_after(walk.tenant_id, behind, limit)
    return await members_after(walk.tenant_id, walk.group_id, behind, limit)


async def defaulted_after(tenant_id: TenantId, after: UUID, limit: int) -> list[UserId]:
    """Return users who have the default role, or a lock, behind ``after`` in the order of their ids."""
    rows = await fetch(_DEFAULTED_AFTER, tenant_id, after, limit, unbounded=limit >= ON_A_THREAD_ROWS)
    return [UserId(row["id"]) for row in rows]


async def members_after(tenant_id: TenantId, group_id: GroupId, after: UUID, limit: int) -> list[UserId]:
    """Return members of a group behind ``after`` in the order of their ids."""
    rows = await fetch(_MEMBERS_AFTER, tenant_id, group_id, after, limit, unbounded=limit >= ON_A_THREAD_ROWS)
    return [UserId(row["id"]) for row in rows]


async def advance_walk(walk: Walk, reached: UserId | None) -> None:
    """Note how far a walk got; None ends it."""
    if reached is None:
        await execute(_FINISH, walk.tenant_id, walk.walk_id)
    else:
        await execute(_ADVANCE, walk.tenant_id, walk.walk_id, reached)


def _walk_from(row: Row) -> Walk:
    group_id = row["group_id"]
    return Walk(
        tenant_id=TenantId(row["tenant_id"]),
        walk_id=row["id"],
        group_id=None if group_id is None else GroupId(group_id),
        event_id=row["event_id"],
        after=row["after_user_id"] or _FIRST_ID,
    )
