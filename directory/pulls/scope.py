"""Who is assigned to the application, and so in scope."""

from directory.errors import RefusedError
from directory.pulls.ground import Ground
from directory.pulls.meant import members_meant
from directory.store.pulls import assigned


class NobodyAssignedError(RefusedError):
    """Nobody at all would be in scope: that is a mistake, and never applied."""

    def __init__(self, label: str) -> None:
        super().__init__(
            f"nobody is assigned to the application that {label} asks for: nothing was changed."
            " Assign users or groups to it, or let the connection take everybody"
        )


async def scope_of(ground: Ground) -> set[str]:
    """Return the ids of those in scope: assigned themselves, or members of an assigned group once the run is applied.

    Raises:
        NobodyAssignedError: nobody is.
    """
    users, groups = await assigned.list_assigned(ground.tenant_id, ground.run_id)
    for group in groups:
        users |= await members_meant(ground, group)
    if not users:
        raise NobodyAssignedError(ground.source.label)
    return users
