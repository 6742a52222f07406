"""What the ids in events stand for."""

from collections.abc import Iterable
from typing import Protocol

from directory import access_roles, group_lists
from directory.model import TenantId
from directory.plan import AttributeChange


class Told(Protocol):
    """What tells of changes: an event, or what would be one."""

    @property
    def changes(self) -> tuple[AttributeChange, ...]:
        """The values before and after."""


async def names_in_events(tenant_id: TenantId, events: Iterable[Told]) -> dict[str, str]:
    """Return the names of the roles, and of the groups whose ids these events mention, gone ones too; by id."""
    roles = await access_roles.names_of_roles(tenant_id)
    said = {value for event in events for change in event.changes for value in (change.old, change.new)
            if isinstance(value, str)}  # fmt: skip
    groups = await group_lists.names_of_groups(tenant_id, said - {str(role_id) for role_id in roles})
    return {str(ident): name for ident, name in (*groups.items(), *roles.items())}
