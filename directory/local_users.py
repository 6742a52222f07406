"""What operators do with users of no source: change their details, and delete them."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from directory.commit import check_version, commit_plan, in_unit_of
from directory.edits import Expect
from directory.errors import InvalidError, NotFoundError, RefusedError
from directory.facts import Moment
from directory.model import Actor, JsonObject, User, UserAttributes, UserId
from directory.plan import Plan
from directory.plan_users import plan_user_edit, plan_user_end
from directory.reach import role_within
from directory.store import blocks, people
from directory.store import held as held_rows

NAME_CHARS_MAX = 200
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What operators write down of a local user."""

    user_name: str
    display_name: str = ""
    email: str | None = None


class OwnAccountError(RefusedError):
    """Nobody deletes the account they are signed in with."""

    def __init__(self) -> None:
        super().__init__("this is your own account, which only somebody else can delete")


def checked_name(user_name: str) -> str:
    """Return a user name without blanks around it.

    Raises:
        InvalidError: there is none, it is too long, or it cannot be printed.
    """
    user_name = user_name.strip()
    if not user_name or len(user_name) > NAME_CHARS_MAX or not user_name.isprintable():
        raise InvalidError("user name", f"is needed, in at most {NAME_CHARS_MAX} characters that can be printed")
    return user_name


async def edit_local_user(
    user_id: UserId, details: Details, *, expect: Expect = None, by: Actor, now: datetime
) -> None:
    """Give a local user another name, user name or e-mail; what is as it was changes nothing.

    Raises:
        NotFoundError: no such user.
        InvalidError: the user is a source's, or a value cannot be used.
        AlreadyExistsError: the user name is taken.
        StaleError: the user is not at the expected version.
        ForbiddenError: the actor may not manage users, or the user's role carries more than the actor's own.
    """
    details = replace(details, user_name=checked_name(details.user_name), display_name=details.display_name.strip())
    if details.email and _EMAIL.fullmatch(details.email) is None:
        raise InvalidError("email", "is not an address such as ann@example.com")

    async def planned(user: User) -> Plan:
        check_version("user", user_id, user.version, expect)
        blocked = await blocks.find_block(by.tenant_id, user_id) is not None
        described = _described(user.attributes, details)
        return plan_user_edit(user, lambda _: described, moment=Moment(at=now, by=by), blocked=blocked)

    await _change(user_id, planned, by=by, now=now)


async def delete_local_user(user_id: UserId, *, by: Actor, now: datetime) -> None:
    """Turn a local user into a tombstone: gone at once, without sign-ins; events go on naming it.

    Raises:
        NotFoundError: no such user.
        InvalidError: the user is a source's, which alone deletes it.
        OwnAccountError: it is the actor's own.
        LastAdministratorError: the tenant would have no active administrator.
        ForbiddenError: as for ``edit_local_user``.
    """
    if user_id == by.user_id:
        raise OwnAccountError

    async def planned(user: User) -> Plan:
        group_ids = await people.group_ids_to_change(by.tenant_id, user_id)
        held = bool(await held_rows.list_of_user(by.tenant_id, user_id))
        return plan_user_end(user, group_ids, moment=Moment(at=now, by=by), held=held)

    await _change(user_id, planned, by=by, now=now)


def _described(attributes: UserAttributes, details: Details) -> UserAttributes:
    """Return the attributes with other details; everything else that is said of the user stays."""
    if details == details_of(attributes):
        return attributes
    kept = {name: value for name, value in attributes.document.items() if name not in {"displayName", "emails"}}
    document: JsonObject = {**kept, "userName": details.user_name}
    if details.display_name:
        document["displayName"] = details.display_name
    if details.email:
        document["emails"] = [{"value": details.email, "type": "work", "primary": True}]
    return UserAttributes(document)


def details_of(attributes: UserAttributes) -> Details:
    """Return what is written down of a user."""
    emails = attributes.document.get("emails")
    first = emails[0] if isinstance(emails, list) and emails else None
    email = first.get("value") if isinstance(first, dict) else None
    name = attributes.document.get("displayName")
    return Details(
        user_name=attributes.user_name,
        display_name=name if isinstance(name, str) else "",
        email=email if isinstance(email, str) else None,
    )


async def _change(user_id: UserId, planned: Callable[[User], Awaitable[Plan]], *, by: Actor, now: datetime) -> None:
    by.require("users:manage")

    async def body() -> None:
        await people.group_ids_to_change(by.tenant_id, user_id)  # groups before users: everybody locks in this order
        user = await people.find_user_to_change(by.tenant_id, user_id)
        if user is None:
            raise NotFoundError("user", user_id)
        await role_within(user.decision.role_id, by=by, gone=True)
        if user.source_id is not None:
            raise InvalidError("user", "is its source's, which alone changes and deletes it")
        await commit_plan(await planned(user), by=by, now=now)

    await in_unit_of(by, body)
