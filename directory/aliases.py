"""Former user names: whom they still lead to, and their end."""

from datetime import datetime

from directory.commit import commit_events, in_unit_of
from directory.edits import UserEdit
from directory.model import Actor, TenantId, User, UserAttributes, UserId
from directory.names import name_key
from directory.plan import AttributeChange, Event
from directory.renames import Alias
from directory.store import aliases

__all__ = ["Alias", "end_aliases", "has_ended", "kept_name", "list_aliases"]

SHOWN_MAX = 20
ENDED_BATCH = 200


async def list_aliases(tenant_id: TenantId, user_id: UserId) -> list[Alias]:
    """Return the former names of a user that still match, those that end first in front."""
    return await aliases.list_aliases(tenant_id, user_id, limit=SHOWN_MAX)


async def kept_name(user: User, after: UserAttributes) -> UserEdit | None:
    """Return the edit that keeps the name of a user whom its source still calls by a former one, else None.

    While a former name matches it means the user under its present name: a source whose mapping was not changed yet
    goes on sending it with every change, and would otherwise take the conversion back one by one.
    """
    if name_key(after.user_name) == name_key(user.attributes.user_name):
        return None
    alias = await aliases.find_alias(user.tenant_id, after.user_name)
    if alias is None or alias.user_id != user.user_id:
        return None
    return lambda _: UserAttributes({**after.document, "userName": user.attributes.user_name})


async def has_ended(now: datetime) -> bool:
    """Whether a former name should match no more."""
    return await aliases.find_ended(now) is not None


async def end_aliases(*, now: datetime) -> int:
    """Let former names of one tenant match no more whose time is over, some at a time; returns how many.

    Each is told, so that references to a manager by that name are settled anew.
    """
    tenant_id = await aliases.find_ended(now)
    if tenant_id is None:
        return 0
    by = Actor(tenant_id=tenant_id, kind="system", label="background")

    async def body() -> int:
        ended = await aliases.end_due(tenant_id, now, limit=ENDED_BATCH)
        events = [
            Event(
                action="user:name:ended",
                subject_kind="user",
                subject_id=alias.user_id,
                subject_label=label,
                changes=(AttributeChange(name="userName", old=alias.user_name, new=None),),
            )
            for alias, label in ended
        ]
        await commit_events(events, by=by, now=now)
        return len(ended)

    return await in_unit_of(by, body)
