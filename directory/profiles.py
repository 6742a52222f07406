"""One person as people look at it: ids, attributes with their origin, managers and reports."""

from dataclasses import dataclass
from datetime import datetime

from directory.chain import parse_values
from directory.model import RequestId, SourceId, TenantId, User
from directory.person import ENTERPRISE
from directory.provenance import AttributeLine, Told, attribute_lines
from directory.references import reference_for
from directory.store import profiles, timelines, waiting_refs
from directory.store.manager_refs import asked_by, resolve
from directory.store.profiles import Colleague
from directory.store.unit import Row

CHAIN_MAX = 6
"""Managers above a person that are shown; a longer chain is cut."""

LOOKED_THROUGH = 100
"""Changes of a user that are searched for where its values came from."""

REPORTS_MAX = 50

__all__ = ["AttributeLine", "Colleague", "Profile", "SourceLink", "read_profile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLink:
    """By which id a source knows a user."""

    source_id: SourceId
    source_label: str
    external_id: str
    owner: bool
    """Whether the source's reports are what the user is."""
    seen_at: datetime | None
    """When the source last changed the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything of a person that is not the role."""

    links: list[SourceLink]
    attributes: list[AttributeLine]
    managers: list[Colleague]
    """The manager, the manager's manager, and so on."""
    waiting_ref: str | None
    """The person's reference to a manager who is not here."""
    waiting_since: datetime | None
    circular: bool
    """The chain leads back to somebody in it."""
    reports: list[Colleague]
    more_reports: bool


async def read_profile(tenant_id: TenantId, user: User) -> Profile:
    """Return what is known of a user beside its role."""
    links = [_link_from(row, user) for row in await profiles.list_links(tenant_id, user.user_id)]
    told = [_told_from(row) for row in await timelines.list_attribute_changes(
        tenant_id, user.user_id, limit=LOOKED_THROUGH
    )]  # fmt: skip
    managers, circular = await _managers(tenant_id, user)
    waiting_ref = user.promoted.manager_ref if not managers and not circular else None
    reports = await _reports(tenant_id, user)
    return Profile(
        links=links,
        attributes=attribute_lines(user.attributes.document, told),
        managers=managers,
        waiting_ref=waiting_ref,
        waiting_since=None if waiting_ref is None else _referred_since(told, user),
        circular=circular,
        reports=reports[:REPORTS_MAX],
        more_reports=len(reports) > REPORTS_MAX,
    )


async def _managers(tenant_id: TenantId, user: User) -> tuple[list[Colleague], bool]:
    """Return the chain above a user, and whether it leads back into itself."""
    chain: list[Colleague] = []
    seen = {user.user_id}
    source_id, ref = user.source_id, user.promoted.manager_ref
    while ref is not None and len(chain) < CHAIN_MAX:
        manager = await profiles.find_manager(tenant_id, source_id, ref)
        if manager is None:
            break
        if manager.user_id in seen:
            return chain, True
        chain.append(manager)
        seen.add(manager.user_id)
        source_id, ref = manager.source_id, manager.manager_ref
    return chain, False


async def _reports(tenant_id: TenantId, user: User) -> list[Colleague]:
    """Return those whose reference means this user; one that means somebody else first is none of its."""
    refs = {str(user.user_id), user.attributes.user_name}
    if user.attributes.external_id is not None:
        refs.add(user.attributes.external_id)
    settled = await waiting_refs.list_refs_to(tenant_id, user.user_id, limit=REPORTS_MAX)
    refs |= {one.ref for one in settled}
    found = await profiles.list_reports(tenant_id, sorted(refs), limit=REPORTS_MAX + 1)
    asked = {one.user_id: asked_by(one.source_id, one.manager_ref) for one in found if one.manager_ref}
    meant = await resolve(tenant_id, set(asked.values()))
    return [
        one
        for one in found
        if one.user_id != user.user_id and (who := meant.get(asked[one.user_id])) and who.user_id == user.user_id
    ]


def _referred_since(told: list[Told], user: User) -> datetime:
    """Return since when the source has named this manager."""
    for change in told:
        for one in change.changes:
            if one.name == ENTERPRISE and _manager_in(one.new) == user.promoted.manager_ref != _manager_in(one.old):
                return change.at
    return user.created_at


def _manager_in(extension: object) -> object:
    manager = extension.get("manager") if isinstance(extension, dict) else None
    return manager.get("value") if isinstance(manager, dict) else None


def _told_from(row: Row) -> Told:
    values = parse_values(row["document"])
    request_id = row["request_id"]
    return Told(
        event_id=row["id"],
        at=row["at"],
        actor_label=values.actor,
        reference=None if request_id is None else reference_for(RequestId(request_id)),
        changes=values.changes,
    )


def _link_from(row: Row, user: User) -> SourceLink:
    return SourceLink(
        source_id=SourceId(row["source_id"]),
        source_label=row["label"],
        external_id=row["external_id"],
        owner=row["source_id"] == user.source_id,
        seen_at=row["seen_at"],
    )
