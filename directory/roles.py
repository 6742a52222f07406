"""Which access role a user has: the one rule, total and without I/O."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from directory.model import AccessRole, Decision, GroupId, GroupMapping, RoleId


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePolicy:
    """What a tenant decides roles by."""

    mappings: tuple[GroupMapping, ...]
    """In order of position; the first whose group has the user wins."""
    default_role_id: RoleId
    administrator_role_id: RoleId
    version: int
    roles: Mapping[RoleId, AccessRole] = field(default_factory=dict, compare=False)
    """All roles of the tenant, deleted ones too: what each carries when it takes another's place."""

    @property
    def mapped_group_ids(self) -> frozenset[GroupId]:
        """The groups whose membership can decide a role."""
        return frozenset(mapping.group_id for mapping in self.mappings)


def role_for(policy: RolePolicy, *, locked_role_id: RoleId | None, group_ids: AbstractSet[GroupId]) -> Decision:
    """Decide the role of a user who is in ``group_ids``, with the reason.

    Locked: the locked role. Else the first mapping in order whose group has the user. Else the default role. A lock's
    decision also says what the role would be without it.
    """
    first = next((line for line in policy.mappings if line.group_id in group_ids), None)
    role_id = policy.default_role_id if first is None else first.role_id
    group_id = None if first is None else first.group_id
    if locked_role_id is not None:
        return Decision(role_id=locked_role_id, origin="lock", unlocked_role_id=role_id, unlocked_group_id=group_id)
    return Decision(role_id=role_id, origin="default" if first is None else "mapping", group_id=group_id)
