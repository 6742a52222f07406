"""One entry of the adoption queue with what speaks for one person and for two, as it is now."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from directory.errors import NotFoundError
from directory.loans import counts_of
from directory.meetings import Matched
from directory.model import AccessRole, Decision, RoleId, Source, SourceId, TenantId, User, UserAttributes, UserId
from directory.plan_adoptions import AdoptionFacts, Difference, GroupName, adopted_decision, differences
from directory.store import access, adoptions, graves, people
from directory.store.policy import read_policy
from directory.store.unit import Row

State = Literal["open", "adopted", "apart", "rejected", "restored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One pair: who came in, and whom that met."""

    entry_id: UUID
    source_id: SourceId
    source_label: str
    external_id: str | None
    incoming: UserAttributes
    matched: Matched
    own_user_id: UserId | None
    """The source's own user whom it gave the name or the address; None for a newcomer."""
    user_id: UserId
    user_name: str
    display_name: str
    user_active: bool
    user_deleted: bool
    user_source_label: str | None
    """None for a local user."""
    role_id: RoleId
    state: State
    first_seen_at: datetime
    last_seen_at: datetime
    seen_count: int
    decided_at: datetime | None
    decided_by: str | None
    applied_at: datetime | None

    @property
    def incoming_name(self) -> str:
        """What the newcomer is called."""
        return str(self.incoming.document.get("displayName") or self.incoming.document.get("userName") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that speaks for one person or for two, and what an adoption would do."""

    entry: Entry
    user: User
    source: Source
    differences: list[Difference]
    role: AccessRole
    role_after: AccessRole
    """What the role would be when the source owns the user; a lock stays."""
    under_lock: tuple[AccessRole, ...]
    """What comes to light when the lock ends, as it is and as it would be; none without a lock."""
    leaving: tuple[GroupName, ...]
    """Groups of other sources that the user would leave."""
    last_signin_at: datetime | None
    equipment_count: int
    obstacle: str
    """Why it cannot be adopted; empty if it can."""
    seen: str
    """What a decision sends back, so that it is about what was shown."""

    @property
    def privileged(self) -> bool:
        """Whether an adoption gives a feed an account that carries administration, or would make it one."""
        return any(role.privileged for role in (self.role, self.role_after, *self.under_lock))


async def read_case(entry: Entry, tenant_id: TenantId) -> Case:
    """Return an entry with whom it met, and what an adoption would do.

    Raises:
        NotFoundError: whom it met, or the source, is gone for good.
    """
    user = await (graves.find_grave if entry.user_deleted else people.find_user)(tenant_id, entry.user_id)
    source = await access.find_source(tenant_id, entry.source_id)
    if user is None or source is None:
        raise NotFoundError("entry", entry.entry_id)
    facts = await read_facts(entry, user)
    decision = adopted_decision(await read_policy(tenant_id), facts)
    roles = {role.role_id: role for role in await access.list_roles(tenant_id, gone=True)}
    counts = await counts_of(tenant_id, [user.user_id])
    beneath = (user.decision.unlocked_role_id, decision.unlocked_role_id)
    return Case(
        entry=entry,
        user=user,
        source=source,
        differences=differences(user.attributes, entry.incoming),
        role=roles[user.decision.role_id],
        role_after=roles[decision.role_id],
        under_lock=tuple(roles[role_id] for role_id in dict.fromkeys(beneath) if role_id is not None),
        leaving=facts.leaving,
        last_signin_at=await adoptions.find_last_signin(tenant_id, user.user_id),
        equipment_count=counts.get(user.user_id, 0),
        obstacle=_obstacle(entry, user),
        seen=_seen(entry, user, decision),
    )


async def read_facts(entry: Entry, user: User) -> AdoptionFacts:
    """Return what an adoption is decided by."""
    tenant_id, source_id = user.tenant_id, entry.source_id
    others = await adoptions.groups_of_others(tenant_id, user.user_id, source_id)
    leaving = tuple(GroupName(row["id"], row["display_name"]) for row in others)
    mapped = (await people.mapped_groups_of(tenant_id, [user.user_id])).get(user.user_id, frozenset())
    return AdoptionFacts(
        user=user,
        source_id=source_id,
        external_id=entry.external_id,
        staying=mapped - {group.group_id for group in leaving},
        leaving=leaving,
        arrival=await people.find_waiting(tenant_id, source_id, values_of(entry)),
    )


def values_of(entry: Entry) -> list[str]:
    """Return what groups of the source may wait for the user under."""
    return [value for value in (entry.external_id, str(entry.user_id)) if value is not None]


def _obstacle(entry: Entry, user: User) -> str:
    if entry.own_user_id is not None:
        return "is of somebody whom the connection has already: two people cannot become one here"
    if entry.user_deleted and entry.matched != "returned":
        return "is of somebody who is deleted: restore that user first, or let it be erased"
    if entry.user_deleted and user.source_id != entry.source_id:
        return "is of somebody who was another connection's when it was deleted: restore that user first"
    if user.source_id == entry.source_id and not entry.user_deleted:
        return "is of somebody whom the connection owns by now"
    return ""


def _seen(entry: Entry, user: User, after: Decision) -> str:
    reached = (after.role_id, after.unlocked_role_id)
    parts = (entry.state, entry.external_id, entry.incoming.document, user.version, user.source_id, reached)
    return hashlib.sha256(msgspec.json.encode(parts, enc_hook=str)).hexdigest()[:32]


async def read_entry(tenant_id: TenantId, entry_id: UUID) -> Entry:
    """Return an entry.

    Raises:
        NotFoundError: there is none, or whom it met is erased.
    """
    row = await adoptions.find_entry(tenant_id, entry_id)
    if row is None or row["erased_at"] is not None:
        raise NotFoundError("entry", entry_id)
    return entry_from(row)


def entry_from(row: Row) -> Entry:
    """Return an entry from its row."""
    own = row["own_user_id"]
    return Entry(
        entry_id=row["id"],
        source_id=SourceId(row["source_id"]),
        source_label=row["label"],
        external_id=row["external_id"],
        incoming=UserAttributes(msgspec.json.decode(row["incoming"])),
        matched=row["matched"],
        own_user_id=None if own is None else UserId(own),
        user_id=UserId(row["user_id"]),
        user_name=row["user_name"],
        display_name=row["display_name"],
        user_active=row["active"],
        user_deleted=row["deleted_at"] is not None,
        user_source_label=row["met_source_label"],
        role_id=RoleId(row["role_id"]),
        state=row["state"],
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
        seen_count=row["seen_count"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        applied_at=row["applied_at"],
    )
