"""Edits of copies in one tenant below: names go from one to another in whatever order they come."""

from collections.abc import Mapping, Sequence

from directory import users
from directory.commit import in_unit_of
from directory.errors import AlreadyExistsError, DirectoryError, InvalidError, NotFoundError, RefusedError
from directory.facts import Moment
from directory.model import User, UserAttributes, UserId

REFUSALS = (AlreadyExistsError, InvalidError, NotFoundError, RefusedError)
"""What a tenant below may say no with: it concerns the one user there, and nothing else."""

Edited = Mapping[UserId, User | DirectoryError]
"""Copies as they are afterwards, or why an edit was refused; by the ids of the copies."""


async def edit_copies(wanted: Mapping[UserId, UserAttributes], *, moment: Moment) -> Edited:
    """Give copies these attributes, each as far as the tenant takes it.

    Who waits for a name that another of them leaves comes after that one; names that go round change hands by way of
    names that nobody else can have.
    """
    found: dict[UserId, User | DirectoryError] = {}
    waiting = list(wanted)
    while waiting:
        found |= {copy_id: await _edited(copy_id, wanted[copy_id], moment=moment) for copy_id in waiting}
        stuck = [copy_id for copy_id in waiting if _is_name(found[copy_id])]
        if len(stuck) == len(waiting):
            break
        waiting = stuck
    if len(waiting) > 1:
        found |= await _go_round(waiting, wanted, moment=moment)
    return found


async def _edited(copy_id: UserId, attributes: UserAttributes, *, moment: Moment) -> User | DirectoryError:
    try:
        return await users.edit_user(copy_id, lambda _: attributes, by=moment.by, now=moment.at)
    except REFUSALS as error:
        return error


async def _go_round(copy_ids: Sequence[UserId], wanted: Mapping[UserId, UserAttributes], *, moment: Moment) -> Edited:
    """Edit copies whose names depend on each other: all of them, or none."""

    async def body() -> Edited:
        for copy_id in copy_ids:
            passing = UserAttributes({**wanted[copy_id].document, "userName": str(copy_id)})
            await users.edit_user(copy_id, lambda _, passing=passing: passing, by=moment.by, now=moment.at)  # type: ignore[misc]  # bound now
        return {
            copy_id: await users.edit_user(
                copy_id,
                lambda _, copy_id=copy_id: wanted[copy_id],  # type: ignore[misc]  # as above
                by=moment.by,
                now=moment.at,
            )
            for copy_id in copy_ids
        }

    try:
        return await in_unit_of(moment.by, body)
    except REFUSALS:
        return {}


def _is_name(outcome: User | DirectoryError) -> bool:
    return isinstance(outcome, AlreadyExistsError) and outcome.attribute == "userName"
