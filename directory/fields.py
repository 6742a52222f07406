"""Fields that attributes of users are shown, listed and found by, under names of a tenant's own."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.errors import AlreadyExistsError, InvalidError, NotFoundError
from directory.model import Actor, Permission, TenantId, User, UserId
from directory.plan_fields import (
    FIELDS_MAX,
    AttributeField,
    checked_label,
    key_for,
    parse_path,
    path_text,
    paths_in,
    plan_field_edit,
    plan_field_end,
    plan_field_removal,
    plan_new_field,
    value_in,
)
from directory.store import accounts, fields
from directory.store.account_filters import AccountFilter
from directory.store.fields import SampledUser
from directory.store.policy import read_policy
from directory.store.unit import in_unit

__all__ = [
    "AttributeField",
    "FieldPreview",
    "SampledUser",
    "add_field",
    "advance_fields",
    "count_everybody",
    "count_seen",
    "edit_field",
    "get_field",
    "has_open_fields",
    "list_fields",
    "list_unused_paths",
    "preview_path",
    "remove_field",
    "values_in",
    "values_of",
]

NEEDED: Permission = "settings:manage"
SAMPLED_USERS = 200
EXAMPLES_MAX = 5
PATHS_MAX = 30
SEEN_MAX = 10_000
FILLED_USERS = 500
FORGOTTEN_VALUES = 1_000
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPreview:
    """What a path would give, seen in the newest users."""

    parts: tuple[str, ...]
    seen_count: int
    looked_count: int
    examples: tuple[tuple[str, str], ...]
    """(name of a user, value)"""


async def list_fields(tenant_id: TenantId) -> list[AttributeField]:
    """Return the fields of a tenant in their order."""
    return await fields.list_fields(tenant_id, limit=FIELDS_MAX)


async def get_field(tenant_id: TenantId, key: str) -> AttributeField:
    """Return a field.

    Raises:
        NotFoundError: there is none.
    """
    found = await fields.find_field(tenant_id, key)
    if found is None:
        raise NotFoundError("field", key)
    return found


async def count_seen(tenant_id: TenantId, key: str) -> tuple[int, bool]:
    """Return how many users have a value in a field, and whether there are more: up to 10,000 are counted."""
    found = await fields.count_seen(tenant_id, key, at_most=SEEN_MAX + 1)
    return min(found, SEEN_MAX), found > SEEN_MAX


async def count_everybody(tenant_id: TenantId) -> int:
    """Return how many users the tenant has, from maintained counts."""
    return await accounts.count_accounts(tenant_id, AccountFilter())


async def values_of(tenant_id: TenantId, user_ids: Sequence[UserId]) -> dict[UserId, dict[str, str]]:
    """Return what users have in the fields, by key; who has nothing is left out."""
    return await fields.values_of(tenant_id, user_ids) if user_ids else {}


def values_in(user: User, wanted: Sequence[AttributeField]) -> list[tuple[AttributeField, str]]:
    """Return the fields in which a user has a value, with it."""
    found = ((field, value_in(user.attributes.document, field.parts)) for field in wanted)
    return [(field, value) for field, value in found if value is not None]


async def preview_path(path: str, *, by: Actor) -> FieldPreview:
    """Return what a path gives for the newest users of the tenant.

    Raises:
        ForbiddenError: the actor may not manage settings.
        InvalidError: it is no path to a single value.
    """
    by.require(NEEDED)
    parts = parse_path(path)
    sampled = await fields.list_newest(by.tenant_id, limit=SAMPLED_USERS)
    found = [(user.name, value) for user in sampled if (value := value_in(user.document, parts)) is not None]
    return FieldPreview(
        parts=parts, seen_count=len(found), looked_count=len(sampled), examples=tuple(found[:EXAMPLES_MAX])
    )


async def list_unused_paths(*, by: Actor) -> list[tuple[str, int]]:
    """Return paths of single values that the newest users have and no field reads, the most frequent first."""
    by.require(NEEDED)
    used = {field.parts for field in await list_fields(by.tenant_id)}
    counts = Counter(
        parts
        for user in await fields.list_newest(by.tenant_id, limit=SAMPLED_USERS)
        for parts in paths_in(user.document)
    )
    known = [(path_text(parts), count) for parts, count in counts.items() if parts not in used]
    return sorted(known, key=lambda one: (-one[1], one[0]))[:PATHS_MAX]


async def add_field(label: str, path: str, *, listed: bool, by: Actor, now: datetime) -> AttributeField:
    """Give an attribute a name of its own; the values of users who are there are read in the background.

    Raises:
        ForbiddenError: the actor may not manage settings.
        InvalidError: label or path cannot be, or there are ten fields.
        AlreadyExistsError: another field reads this path.
    """
    by.require(NEEDED)
    parts = parse_path(path)

    async def body() -> AttributeField:
        # Whoever adds a user holds the policy: all of them are there to be read, or come when the field is there.
        await read_policy(by.tenant_id, hold="to change")
        known = await list_fields(by.tenant_id)
        if len(known) >= FIELDS_MAX:
            raise InvalidError("path", f"would be the {FIELDS_MAX + 1}th field: a tenant has {FIELDS_MAX} at most")
        if parts in {field.parts for field in known}:
            raise AlreadyExistsError("field", "path", path_text(parts))
        taken = await fields.list_keys(by.tenant_id)
        checked = checked_label(label, [field.label for field in known])
        field = AttributeField(
            key=key_for(checked, taken),
            label=checked,
            scim_path=path_text(parts),
            parts=parts,
            position=max(taken.values(), default=0) + 1,
            listed=listed,
            created_at=now,
        )
        await commit_plan(plan_new_field(field, by=by), by=by, now=now)
        return field

    return await in_unit_of(by, body)


async def edit_field(key: str, label: str, *, listed: bool, by: Actor, now: datetime) -> None:
    """Change the label of a field, or whether Sub Accounts has a column for it.

    Raises:
        ForbiddenError, InvalidError: as for ``add_field``.
        NotFoundError: there is no such field.
    """
    by.require(NEEDED)

    async def body() -> None:
        await read_policy(by.tenant_id, hold="to change")  # one at a time: labels are unique
        field = await get_field(by.tenant_id, key)
        others = [other.label for other in await list_fields(by.tenant_id) if other.key != key]
        checked = checked_label(label, others)
        await commit_plan(plan_field_edit(field, checked, listed=listed, by=by), by=by, now=now)

    await in_unit_of(by, body)


async def remove_field(key: str, *, by: Actor, now: datetime) -> None:
    """Take a field away; what users have stays in their attributes.

    Raises:
        ForbiddenError, NotFoundError: as for ``edit_field``.
    """
    by.require(NEEDED)

    async def body() -> None:
        field = await get_field(by.tenant_id, key)
        await commit_plan(plan_field_removal(field, by=by, now=now), by=by, now=now)

    await in_unit_of(by, body)


async def has_open_fields(_now: datetime) -> bool:
    """Whether values of a field are to be read or deleted."""
    return await fields.find_open() is not None


async def advance_fields(*, now: datetime) -> int:
    """Read the values of the next users into a new field, or delete some of a removed one; 0 when none is left."""
    found = await fields.find_open()
    if found is None:
        return 0

    async def body() -> int:
        if found.is_removed:
            return await _forget(found.tenant_id, found.key, now=now)
        held = await fields.hold_field(found.tenant_id, found.key)
        if held is None or not held.is_open:
            return 1
        user_ids = await fields.hold_next_users(found.tenant_id, held.reached or _FIRST, limit=FILLED_USERS)
        if user_ids:
            await fields.fill(found.tenant_id, found.key, held.parts, user_ids)
        reached = user_ids[-1] if user_ids else held.reached
        ended = None if len(user_ids) == FILLED_USERS else now
        await fields.advance(found.tenant_id, found.key, reached, len(user_ids), ended)
        return 1

    return await in_unit(found.tenant_id, body)


async def _forget(tenant_id: TenantId, key: str, *, now: datetime) -> int:
    if not await fields.forget_values(tenant_id, key, limit=FORGOTTEN_VALUES):
        by = Actor(tenant_id=tenant_id, kind="system", label="background")
        await commit_plan(plan_field_end(key, by=by), by=by, now=now)
    return 1
