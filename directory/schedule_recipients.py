"""To whom reports are sent: operators as they are now, and fixed addresses."""

from collections.abc import Sequence
from dataclasses import dataclass

from directory.model import TenantId, UserId
from directory.schedule_values import Addressed, Recipient, user_ids_of
from directory.store import access, schedules

OPERATORS_MAX = 100
"""So many of a role can be picked from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Somebody who may be written to: a user whose role sees the portal."""

    user_id: UserId
    name: str
    email: str | None
    role_name: str
    fit: bool = True
    """Whether a report would be sent to them now: active, with an address, and allowed to see it."""


async def list_operators(tenant_id: TenantId) -> list[Operator]:
    """Return the active users who may see the portal and have an address, by name; at most 100 of a role."""
    found = [
        Operator(
            user_id=UserId(row["id"]),
            name=row["display_name"] or row["user_name"],
            email=row["email"],
            role_name=role.name,
        )
        for role in await access.list_roles(tenant_id)
        if "portal:view" in role.permissions
        for row in await schedules.list_of_role(tenant_id, role.role_id, limit=OPERATORS_MAX)
        if row["email"]
    ]
    return sorted(found, key=lambda one: (one.name.casefold(), one.user_id))


async def describe_recipients(tenant_id: TenantId, recipients: Sequence[Recipient]) -> list[Operator]:
    """Return the operators among recipients as they are now; whoever is gone is left out."""
    roles = {role.role_id: role for role in await access.list_roles(tenant_id, gone=True)}
    rows = await schedules.find_people(tenant_id, user_ids_of(recipients))
    return [
        Operator(
            user_id=UserId(row["id"]),
            name=row["display_name"] or row["user_name"],
            email=row["email"],
            role_name=roles[row["role_id"]].name,
            fit=bool(row["active"] and row["email"] and "portal:view" in roles[row["role_id"]].permissions),
        )
        for row in rows
    ]


async def addressed_now(tenant_id: TenantId, recipients: Sequence[Recipient]) -> list[Addressed]:
    """Return recipients as a mail finds them: an address each, or why there is none; no address twice."""
    people = {one.user_id: one for one in await describe_recipients(tenant_id, recipients)}
    found: dict[str, Addressed] = {}
    for recipient in recipients:
        if recipient.user_id is None:
            one = Addressed(address=recipient.address)
        else:
            one = _addressed(people.get(UserId(recipient.user_id)))
        found.setdefault(one.address.casefold() or f"\0{len(found)}", one)
    return list(found.values())


def _addressed(person: Operator | None) -> Addressed:
    if person is None:
        return Addressed(address="", name="Somebody who is gone", skipped="was deleted")
    if not person.fit:
        reason = "is disabled, may not see the portal any more, or has no address"
        return Addressed(address="", name=person.name, skipped=reason)
    return Addressed(address=person.email or "", name=person.name)
