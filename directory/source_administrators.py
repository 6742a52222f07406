"""The SCIM administrator user: the person in whose name a source acts."""

from dataclasses import dataclass, replace
from datetime import datetime

from directory import callers
from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.model import Actor, Source, SourceId, TenantId, User, UserId
from directory.plan import AttributeChange, Event, Plan, UpdateRows
from directory.store import access, people, responsible

LISTED_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibleUser:
    """Somebody who may be, or is, the SCIM administrator user."""

    user_id: UserId
    display_name: str
    user_name: str
    role_name: str
    active: bool
    fit: bool
    """Whether the role still manages users: Administrator, User Manager, or one of the tenant's own."""


async def list_responsible(tenant_id: TenantId) -> list[ResponsibleUser]:
    """Return the active users who may be chosen, by name: those whose role manages users; at most 200 of a role."""
    found = [
        (row["display_name_key"], role.name, row)
        for role in await access.list_roles(tenant_id)
        if "users:manage" in role.permissions
        for row in await responsible.list_active_of_role(tenant_id, role.role_id, limit=LISTED_MAX)
    ]
    return [
        ResponsibleUser(
            user_id=UserId(row["id"]),
            display_name=row["display_name"],
            user_name=row["user_name"],
            role_name=role_name,
            active=True,
            fit=True,
        )
        for _, role_name, row in sorted(found, key=lambda one: one[0])
    ]


async def find_responsible(source: Source) -> ResponsibleUser | None:
    """Return the chosen user as it is now; a chosen one who was deleted is none."""
    chosen = source.settings.administrator_user_id
    user = None if chosen is None else await people.find_user(source.tenant_id, UserId(chosen))
    return None if user is None else await _described(user)


async def set_responsible(source_id: SourceId, user_id: UserId | None, *, by: Actor, now: datetime) -> None:
    """Choose the user in whose name a source acts, or with None nobody.

    Raises:
        NotFoundError: the tenant has no such source.
        InvalidError: no such user, a disabled one, or one whose role does not manage users.
        ForbiddenError: the actor may not manage sources.
    """
    by.require("sources:manage")

    async def body() -> None:
        source = await access.find_source(by.tenant_id, source_id, hold=True)
        if source is None:
            raise NotFoundError("source", source_id)
        after = None if user_id is None else await _chosen(by.tenant_id, user_id)
        if source.settings.administrator_user_id == user_id:
            return
        before = await find_responsible(source)
        settings = replace(source.settings, administrator_user_id=user_id)
        put = UpdateRows(
            table="source_row",
            values={"settings": access.settings_text(settings)},
            where={"tenant_id": by.tenant_id, "id": source_id},
            require=1,
        )
        told = AttributeChange(
            name="user",
            old=None if before is None else before.user_name,
            new=None if after is None else after.user_name,
        )
        event = Event(
            action="source:administrator:changed",
            subject_kind="source",
            subject_id=source_id,
            subject_label=source.label,
            changes=(told,),
        )
        await commit_plan(Plan(changes=(put,), events=(event,)), by=by, now=now)

    await in_unit_of(by, body)
    callers.forget()


async def _chosen(tenant_id: TenantId, user_id: UserId) -> ResponsibleUser:
    user = await people.find_user(tenant_id, user_id)
    if user is None:
        raise InvalidError("user", "is not one of this tenant")
    found = await _described(user)
    if not found.active:
        raise InvalidError("user", "is disabled")
    if not found.fit:
        raise InvalidError("user", f"is {found.role_name}: only roles that manage users can be chosen")
    return found


async def _described(user: User) -> ResponsibleUser:
    role = await access.find_role(user.tenant_id, user.decision.role_id)
    return ResponsibleUser(
        user_id=user.user_id,
        display_name=user.promoted.display_name,
        user_name=user.attributes.user_name,
        role_name="" if role is None else role.name,
        active=user.active,
        fit=role is not None and "users:manage" in role.permissions,
    )
