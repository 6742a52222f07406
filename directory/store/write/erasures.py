"""Writes about users who are given away or forgotten."""

from directory.erasures import EraseEvents, EraseUser, LeaveGroups, LinkGone
from directory.errors import AlreadyExistsError
from directory.model import Actor
from directory.store.compiled import Statement
from directory.store.errors import ConcurrencyError
from directory.store.unit import execute, fetch_one
from directory.store.write.erased_tables import ERASED

_LEAVE = Statement(
    "DELETE FROM member_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid AND group_id = ANY($3::uuid[])"
)
_COUNT_DOWN = Statement(
    "UPDATE group_row SET member_count = member_count - 1, version = version + 1, modified_at = $4::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = ANY($3::uuid[]) AND EXISTS (SELECT 1 FROM member_row m"
    " WHERE m.tenant_id = group_row.tenant_id AND m.group_id = group_row.id AND m.user_id = $2::uuid AND NOT m.gone)"
)
_LINK = Statement(
    "INSERT INTO user_link_row (tenant_id, source_id, external_id, user_id)"
    " VALUES ($1::uuid, $2::uuid, $3::text, $4::uuid) ON CONFLICT (tenant_id, source_id, external_id)"
    " DO UPDATE SET user_id = excluded.user_id WHERE user_link_row.user_id = excluded.user_id RETURNING user_id"
)
_UNLINK_OTHERS = Statement(
    "DELETE FROM user_link_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND user_id = $4::uuid"
    " AND external_id <> $3::text"
)
_BLANK = Statement(
    "UPDATE user_row SET user_name = '', user_name_key = '', display_name = '', display_name_key = '',"
    " search_key = '', email = NULL, department = NULL, title = NULL, manager_ref = NULL, document = '{}',"
    " document_key = '{}', decided_request_id = NULL, version = version + 1, erased_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND deleted_at IS NOT NULL AND erased_at IS NULL"
)
"""Tables whose rows of a person go with the person, and the column that says whose they are."""

_FORGET = tuple(
    Statement(f"DELETE FROM {table} WHERE tenant_id = $1::uuid AND {column} = $2::uuid")
    for table, column in ERASED.items()
)
# What a source said of its own user when that met somebody else; found by the index, source by source.
_FORGET_SAID = Statement(
    "DELETE FROM adoption_row WHERE tenant_id = $1::uuid AND known_as = $2::text"
    " AND source_id IN (SELECT id FROM source_row WHERE tenant_id = $1::uuid)"
)
# What pulled directories said of the person, under the ids by which their sources know it.
_FORGET_SEEN = Statement(
    "DELETE FROM seen_row WHERE tenant_id = $1::uuid AND kind = 'user' AND (source_id, ext_id) IN"
    " (SELECT k.source_id, k.external_id FROM user_link_row k WHERE k.tenant_id = $1::uuid AND k.user_id = $2::uuid)"
)
_EVENTS = (
    "SELECT v.event_id FROM event_row e JOIN event_value_row v ON v.tenant_id = e.tenant_id AND v.event_id = e.id"
    " WHERE e.tenant_id = $1::uuid AND e.subject_id = $2::uuid ORDER BY e.id LIMIT $3::bigint"
)
_BODIES = Statement(
    "UPDATE request_row SET request_body = NULL WHERE tenant_id = $1::uuid AND request_body IS NOT NULL AND id IN"
    " (SELECT e.request_id FROM event_row e WHERE e.tenant_id = $1::uuid AND e.request_id IS NOT NULL"
    f" AND e.id IN ({_EVENTS}))"
)
_VALUES = Statement(f"DELETE FROM event_value_row WHERE tenant_id = $1::uuid AND event_id IN ({_EVENTS})")


async def leave_groups(change: LeaveGroups, by: Actor) -> None:
    """End memberships; whoever is in effect still in a group that it was reported to have left was counted before."""
    if change.group_ids:
        await execute(_COUNT_DOWN, by.tenant_id, change.user_id, list(change.group_ids), change.at)
        await execute(_LEAVE, by.tenant_id, change.user_id, list(change.group_ids))


async def link_gone(change: LinkGone, by: Actor) -> None:
    """Link a deleted user to another externalId, and to none of its former ones.

    Raises:
        AlreadyExistsError: the source knows somebody else by it.
    """
    values = by.tenant_id, change.source_id, change.external_id, change.user_id
    if await fetch_one(_LINK, *values) is None:
        raise AlreadyExistsError("user", "externalId", change.external_id)
    await execute(_UNLINK_OTHERS, *values)


async def erase_user(change: EraseUser, by: Actor) -> None:
    """Take every word of a person away."""
    if await execute(_BLANK, by.tenant_id, change.user_id, change.at) != 1:
        raise ConcurrencyError(f"user {change.user_id} is not deleted, or erased already")
    for statement in (_FORGET_SEEN, *_FORGET):  # first, since links are forgotten, too
        await execute(statement, by.tenant_id, change.user_id)
    await execute(_FORGET_SAID, by.tenant_id, f"user {change.user_id}")


async def erase_events(change: EraseEvents, by: Actor) -> None:
    """Erase the values of the first events that still have some."""
    await execute(_BODIES, by.tenant_id, change.user_id, change.limit)
    await execute(_VALUES, by.tenant_id, change.user_id, change.limit)
