"""What a source is shown of its users: their own words and, where it asks for them, the groups they are in."""

from uuid import UUID

import msgspec

from directory.model import GroupId, SourceId, TenantId, UserAttributes, UserId, UserView
from directory.names import name_key
from directory.store.compiled import Statement
from directory.store.rows import document_from
from directory.store.unit import Row, fetch_one

_MEMBERSHIPS = (
    "FROM member_row m JOIN group_row g ON g.tenant_id = m.tenant_id AND g.id = m.group_id"
    " WHERE m.tenant_id = t.tenant_id AND m.user_id = t.id AND NOT m.gone"
)
GROUPS = {
    "postgres": f"(SELECT json_agg(json_build_array(g.id, g.display_name))::text {_MEMBERSHIPS})",
    "sqlite": f"(SELECT json_group_array(json_array(g.id, g.display_name)) {_MEMBERSHIPS})",
}
"""The groups of the user ``t`` as JSON text: a second statement for them would cost as much as the first."""

_COLUMNS = "t.document, t.version, t.created_at, t.modified_at"
_LIVES = "t.deleted_at IS NULL AND t.reported_deleted_at IS NULL"
_OF_SOURCE = f"t.tenant_id = $1::uuid AND t.source_id = $3::uuid AND {_LIVES}"
_VIEW = f"SELECT {_COLUMNS}, {{groups}} AS groups FROM user_row t WHERE t.id = $2::uuid AND {_OF_SOURCE}"
_NAMED = (
    f"SELECT t.id, {_COLUMNS}, {{groups}} AS groups FROM user_row t WHERE t.user_name_key = $2::text AND {_OF_SOURCE}"
)


def _with_groups_or_not(sql: str) -> dict[bool, Statement]:
    return {
        True: Statement(sql.format(groups=GROUPS["postgres"]), sqlite=sql.format(groups=GROUPS["sqlite"])),
        False: Statement(sql.format(groups="NULL")),
    }


_FORMERLY_NAMED = (
    f"SELECT t.id, {_COLUMNS}, {{groups}} AS groups FROM alias_row a JOIN user_row t ON t.tenant_id = a.tenant_id"
    f" AND t.id = a.user_id WHERE a.tenant_id = $1::uuid AND a.user_name_key = $2::text AND {_OF_SOURCE}"
)
_VIEWS, _VIEWS_NAMED = _with_groups_or_not(_VIEW), _with_groups_or_not(_NAMED)
_VIEWS_FORMERLY_NAMED = _with_groups_or_not(_FORMERLY_NAMED)

_groups_decoder = msgspec.json.Decoder(list[tuple[UUID, str]])


async def find_view(tenant_id: TenantId, user_id: UserId, source_id: SourceId, *, with_groups: bool) -> UserView | None:
    """Return what a source is shown of a live user of its own."""
    row = await fetch_one(_VIEWS[with_groups], tenant_id, user_id, source_id)
    return None if row is None else view_from(row, user_id)


async def find_named_view(
    tenant_id: TenantId, user_name: str, source_id: SourceId, *, with_groups: bool
) -> UserView | None:
    """Return the same of the user of that name, or formerly of that name if it still matches."""
    args = (tenant_id, name_key(user_name), source_id)
    row = await fetch_one(_VIEWS_NAMED[with_groups], *args)
    if row is None:
        row = await fetch_one(_VIEWS_FORMERLY_NAMED[with_groups], *args)
    return None if row is None else view_from(row, UserId(row["id"]))


def view_columns(engine_type: str, *, with_groups: bool) -> str:
    """Return what a search selects of a user ``t`` for ``view_from``."""
    groups = GROUPS["sqlite" if engine_type == "sqlite" else "postgres"] if with_groups else "NULL"
    return f"t.id, {_COLUMNS}, {groups} AS groups"


def view_from(row: Row, user_id: UserId) -> UserView:
    """Return what a source is shown of a user."""
    return UserView(
        user_id=user_id,
        attributes=UserAttributes(document_from(row["document"])),
        version=row["version"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        groups=_groups_from(row["groups"]),
    )


def _groups_from(text: str | None) -> tuple[tuple[GroupId, str], ...]:
    if text is None or text == "[]":
        return ()
    return tuple(sorted((GroupId(group_id), name) for group_id, name in _groups_decoder.decode(text)))
