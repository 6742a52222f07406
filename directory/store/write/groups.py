"""Writes of groups, their links, members and waiting values."""

from collections.abc import Iterable
from dataclasses import replace

from directory.errors import AlreadyExistsError
from directory.model import Actor, Group, GroupId, UserId
from directory.names import name_key
from directory.plan import ChangeMembers, EndGroup, PutGroup
from directory.store.compiled import Statement
from directory.store.errors import ConcurrencyError
from directory.store.insert import ON_A_THREAD_ROWS, Insert, SpreadInsert, slices
from directory.store.rows import document_key_text, document_text
from directory.store.tables import GroupRow, MemberRow, NestedRow, WaitingRow, columns_of
from directory.store.together import TOGETHER_ROWS, Together
from directory.store.unit import execute, fetch_one

_COLUMNS = {name: declared for name, declared in columns_of(GroupRow).items() if name != "deleted_at"}
_INSERT = Insert("group_row", _COLUMNS)
_UPDATE = Statement(
    "UPDATE group_row SET deleted_at = NULL, display_name = $4::text, display_name_key = $5::text,"
    " claims_name = coalesce($6::boolean, claims_name), document = $7::text, document_key = $8::jsonb,"
    " member_count = $9::bigint, waiting_count = $10::bigint, nested_count = $11::bigint, version = $12::bigint,"
    " modified_at = $13::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND version = $3::bigint"
)
_END = Statement(
    "UPDATE group_row SET deleted_at = $4::timestamptz, modified_at = $4::timestamptz, member_count = 0,"
    " waiting_count = 0, nested_count = 0, version = version + 1"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND version = $3::bigint"
)
_LEAVE_ALL = Statement("DELETE FROM member_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND NOT gone")
_KEEP = Statement(
    "UPDATE member_row SET gone = true WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND user_id = ANY($3::uuid[])"
)
_WAIT_NO_MORE = Statement("DELETE FROM waiting_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid")
_NEST_NO_MORE = Statement(
    "DELETE FROM nested_row WHERE tenant_id = $1::uuid AND (group_id = $2::uuid OR nested_id = $2::uuid)"
)
_COUNT_UNNESTED = Statement(
    "UPDATE group_row SET nested_count = nested_count - 1, version = version + 1, modified_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id IN"
    " (SELECT group_id FROM nested_row WHERE tenant_id = $1::uuid AND nested_id = $2::uuid)"
)
_LINK = Statement(
    "INSERT INTO group_link_row (tenant_id, source_id, external_id, group_id)"
    " VALUES ($1::uuid, $2::uuid, $3::text, $4::uuid) ON CONFLICT (tenant_id, source_id, external_id)"
    " DO UPDATE SET group_id = excluded.group_id WHERE group_link_row.group_id = excluded.group_id OR EXISTS ("
    "SELECT 1 FROM group_row g WHERE g.tenant_id = group_link_row.tenant_id AND g.id = group_link_row.group_id"
    " AND g.deleted_at IS NOT NULL) RETURNING group_id"
)
_UNLINK = Statement(
    "DELETE FROM group_link_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND external_id = $3::text"
    " AND group_id = $4::uuid"
)
_MEMBER = columns_of(MemberRow, "tenant_id", "group_id", "user_id", "since", "label")
# Whoever is reported anew did not leave after all.
_BACK = (
    "ON CONFLICT (tenant_id, group_id, user_id) DO UPDATE"
    " SET gone = false, since = excluded.since, label = excluded.label WHERE member_row.gone"
)
_JOIN = SpreadInsert("member_row", _MEMBER, _BACK, varies="user_id")
_JOIN_CALLED = Insert("member_row", _MEMBER, _BACK)
_WITHHOLD = Insert("member_row", columns_of(MemberRow), "ON CONFLICT DO NOTHING")
_RELABEL = Insert(
    "member_row",
    _MEMBER,
    "ON CONFLICT (tenant_id, group_id, user_id) DO UPDATE SET label = excluded.label",
)
_NEST = Insert(
    "nested_row",
    columns_of(NestedRow),
    "ON CONFLICT (tenant_id, group_id, nested_id) DO UPDATE SET label = excluded.label",
)
_UNNEST = Statement(
    "DELETE FROM nested_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND nested_id = ANY($3::uuid[])"
)
_LEAVE = Statement(
    "DELETE FROM member_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND user_id = ANY($3::uuid[])"
)
_WAIT = SpreadInsert("waiting_row", columns_of(WaitingRow), "ON CONFLICT DO NOTHING", varies="value")
_UNWAIT = Statement(
    "DELETE FROM waiting_row WHERE tenant_id = $1::uuid AND group_id = $2::uuid AND value = ANY($3::text[])"
)


async def put_group(change: PutGroup, writes: Together) -> None:
    """Have a group inserted or replaced; its link, where it changes, at once.

    Raises:
        AlreadyExistsError: the name or the externalId is taken in its source.
        ConcurrencyError: the group is no longer at the expected version.
    """
    group, expected = change.group, change.expected_version
    writes.refuse("group_name_unique", AlreadyExistsError("group", "displayName", group.attributes.display_name))
    if expected is None:
        writes.add(_INSERT, [_values(group, claims_name=bool(change.claims_name))])
    else:
        tenant_id, group_id, _, *values, _, modified_at = _values(group, claims_name=change.claims_name)
        moved = ConcurrencyError(f"group {group_id} is no longer at version {expected}")
        writes.require(_UPDATE, tenant_id, group_id, expected, *values, modified_at, otherwise=moved)
    if group.attributes.external_id != change.external_id_before:
        await writes.send()
        await _put_link(group, change.external_id_before)


def _values(group: Group, *, claims_name: bool | None) -> tuple[object, ...]:
    name = group.attributes.display_name
    return (
        group.tenant_id,
        group.group_id,
        group.source_id,
        name,
        name_key(name),
        claims_name,
        document_text(group.attributes.document),
        document_key_text(group.attributes.document),
        group.member_count,
        group.waiting_count,
        group.nested_count,
        group.version,
        group.created_at,
        group.modified_at,
    )


async def _put_link(group: Group, before: str | None) -> None:
    external_id = group.attributes.external_id
    if external_id == before:
        return
    if before is not None:
        await execute(_UNLINK, group.tenant_id, group.source_id, before, group.group_id)
    if external_id is None:
        return
    if await fetch_one(_LINK, group.tenant_id, group.source_id, external_id, group.group_id) is None:
        raise AlreadyExistsError("group", "externalId", external_id)


async def end_group(change: EndGroup, by: Actor) -> None:
    """Turn a group into a tombstone without members."""
    count = await execute(_END, by.tenant_id, change.group_id, change.expected_version, change.at)
    if count != 1:
        raise ConcurrencyError(f"group {change.group_id} is no longer at version {change.expected_version}")
    await _keep(change.group_id, change.keep, by)
    await execute(_LEAVE_ALL, by.tenant_id, change.group_id, unbounded=True)
    await execute(_WAIT_NO_MORE, by.tenant_id, change.group_id, unbounded=True)
    await execute(_COUNT_UNNESTED, by.tenant_id, change.group_id, change.at)
    await execute(_NEST_NO_MORE, by.tenant_id, change.group_id)


async def change_members(change: ChangeMembers, by: Actor, writes: Together) -> None:
    """Have those who join and leave written; the counts are in the group's row, which the plan puts first."""
    if change.keep:
        await writes.send()
        await _keep(change.group_id, change.keep, by)
        change = replace(change, leave=tuple(user_id for user_id in change.leave if user_id not in change.keep))
    moved_count = len(change.leave) + len(change.unwait) + len(change.unnest)
    if moved_count > TOGETHER_ROWS:
        await writes.send()
        await _end_members(change, by)
    elif moved_count:
        _end_few_members(change, by, writes)
    tenant_id, group_id, at, labels = by.tenant_id, change.group_id, change.at, change.labels
    joining = (user_id for user_id in change.join if user_id not in change.withhold)
    join = _JOIN_CALLED if labels else _JOIN
    writes.add(join, ((tenant_id, group_id, user_id, at, labels.get(user_id)) for user_id in joining))
    held = (user_id for user_id in change.join if user_id in change.withhold)
    writes.add(_WITHHOLD, ((tenant_id, group_id, user_id, at, labels.get(user_id), False, True) for user_id in held))
    writes.add(_RELABEL, ((tenant_id, group_id, user_id, at, label) for user_id, label in change.relabel.items()))
    writes.add(_NEST, ((tenant_id, group_id, nested_id, at, label) for nested_id, label in change.nest.items()))
    writes.add(_WAIT, ((tenant_id, group_id, value, at) for value in change.wait))


async def _keep(group_id: GroupId, user_ids: Iterable[UserId], by: Actor) -> None:
    """Have members stay in effect whom the source reports to have left."""
    for some in slices(user_ids):
        await execute(_KEEP, by.tenant_id, group_id, some, unbounded=len(some) >= ON_A_THREAD_ROWS)


def _end_few_members(change: ChangeMembers, by: Actor, writes: Together) -> None:
    for statement, some in ((_LEAVE, change.leave), (_UNNEST, change.unnest), (_UNWAIT, change.unwait)):
        if some:
            writes.also(statement, by.tenant_id, change.group_id, list(some))


async def _end_members(change: ChangeMembers, by: Actor) -> None:
    for statement, all_of_them in ((_LEAVE, change.leave), (_UNNEST, change.unnest), (_UNWAIT, change.unwait)):
        for some in slices(all_of_them):
            many = len(some) >= ON_A_THREAD_ROWS
            await execute(statement, by.tenant_id, change.group_id, some, unbounded=many)
