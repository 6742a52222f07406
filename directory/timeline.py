"""What happened to one user, told as deeds: each with what led to it and what it caused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal, NamedTuple
from uuid import UUID

from directory.chain import parse_values
from directory.model import EventId, RequestId, TenantId, UserId
from directory.plan import AttributeChange
from directory.pull_run import RunId
from directory.store import access, timelines
from directory.store.circles import parsed_id
from directory.store.timelines import KINDS, Kind
from directory.store.unit import Row

DEED_EVENTS_MAX = 50
ERASED = "[erased]"

__all__ = ["KINDS", "Deed", "DeedKind", "Kind", "RequestSeen", "Step", "Timeline", "find_grant", "read_timeline"]

DeedKind = Literal["request", "refused", "pull", "role", "operator", "sign-in", "system"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event of a deed, as the user is concerned."""

    event_id: EventId
    at: datetime
    action: str
    actor_label: str
    actor_kind: str
    subject_kind: str
    subject_id: UUID
    subject_label: str
    changes: tuple[AttributeChange, ...]
    joined: bool | None
    """Of a group's members: whether the user joined or left; None where that is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSeen:
    """The request of a client that brought a deed, while its record is kept."""

    request_id: RequestId
    reference: str
    method: str
    path: str
    status: int
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One deed: the event that led, what it caused for this user, and the request it came with."""

    deed_id: UUID
    at: datetime
    kind: DeedKind
    lead: Step | None
    """None for a refused request: it changed nothing."""
    caused: tuple[Step, ...] = ()
    request: RequestSeen | None = None
    run_id: RunId | None = None
    """The pull that brought it."""
    source_id: UUID | None = None
    """Of a pull: the source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A page of deeds, the newest first, and what the ids in them stand for."""

    deeds: list[Deed]
    names: dict[str, str]
    next_before: UUID | None


async def read_timeline(
    tenant_id: TenantId, user_id: UserId, kind: Kind | None, *, before: UUID | None, limit: int
) -> Timeline:
    """Return what concerned a user, of one kind or of all, before the given deed."""
    found = await timelines.list_timeline(tenant_id, user_id, kind, before=before, limit=limit + 1)
    pieces = [_Piece(row["id"], row["request_id"] or (row["at"], row["actor_id"]), row) for row in found]
    if kind in {None, "requests"}:
        failed = await timelines.list_failed(tenant_id, timelines.paths_of(user_id), before=before, limit=limit + 1)
        pieces += [_Piece(row["id"], row["id"], row, failed=True) for row in failed]
    pieces.sort(key=lambda piece: piece.ident.int, reverse=True)
    page = _whole_deeds(pieces, limit)
    deeds = await _deeds(tenant_id, page)
    return Timeline(
        deeds=deeds,
        names=await _names(tenant_id, deeds),
        next_before=page[-1].ident if len(pieces) > len(page) else None,
    )


async def find_grant(tenant_id: TenantId, user_id: UserId) -> Deed | None:
    """Return the deed that gave the user the role it has; None if its record is gone."""
    row = await timelines.find_grant(tenant_id, user_id)
    if row is None:
        return None
    if row["request_id"] is None:
        found = await timelines.list_timeline(tenant_id, user_id, "roles", before=_behind(row["id"]), limit=1)
    else:
        found = await timelines.list_deed(tenant_id, user_id, row["request_id"], limit=DEED_EVENTS_MAX)
    (deed,) = await _deeds(tenant_id, [_Piece(one["id"], row["id"], one) for one in reversed(found)])
    return deed


class _Piece(NamedTuple):
    """An event, or a refused request, with what tells its deed from others."""

    ident: UUID
    deed: object
    row: Row
    failed: bool = False


def _whole_deeds(pieces: list[_Piece], limit: int) -> list[_Piece]:
    """Return the first ``limit`` pieces, but not half a deed at the end unless it is all there is."""
    if len(pieces) <= limit:
        return pieces
    cut = pieces[limit].deed
    whole = [piece for piece in pieces[:limit] if piece.deed != cut]
    return whole or pieces[:limit]


async def _deeds(tenant_id: TenantId, page: Sequence[_Piece]) -> list[Deed]:
    request_ids = {piece.row["request_id"] for piece in page if not piece.failed} - {None}
    requests = await timelines.requests_by_id(tenant_id, sorted(request_ids))
    return [_deed(list(pieces), requests) for _, pieces in groupby(page, key=lambda piece: piece.deed)]


def _deed(pieces: list[_Piece], requests: Mapping[UUID, Row]) -> Deed:
    first = pieces[-1]
    if first.failed:
        request = _request_from(first.row)
        return Deed(deed_id=first.ident, at=first.row["started_at"], kind="refused", lead=None, request=request)
    steps = [_step_from(piece.row) for piece in reversed(pieces)]
    record = requests.get(first.row["request_id"])
    run_id = first.row["run_id"]
    return Deed(
        deed_id=first.ident,
        at=steps[0].at,
        kind="pull" if run_id is not None else _kind_of(steps[0], by_request=first.row["request_id"] is not None),
        lead=steps[0],
        caused=tuple(steps[1:]),
        request=None if record is None else _request_from(record),
        run_id=run_id,
        source_id=None if run_id is None else first.row["actor_id"],
    )


def _kind_of(lead: Step, *, by_request: bool) -> DeedKind:
    if lead.subject_kind == "session":
        return "sign-in"
    if by_request:
        return "request"
    if lead.action == "user:role:granted":
        return "role"
    return "operator" if lead.actor_kind == "operator" else "system"


async def _names(tenant_id: TenantId, deeds: Iterable[Deed]) -> dict[str, str]:
    """Return the names of the roles, and of the groups that these deeds mention by id."""
    steps = [step for deed in deeds for step in (deed.lead, *deed.caused) if step is not None]
    said = {value for step in steps for change in step.changes for value in (change.old, change.new)
            if change.name == "group" and isinstance(value, str)}  # fmt: skip
    group_ids = [ident for ident in map(parsed_id, sorted(said)) if ident is not None]
    groups = await timelines.names_of_groups(tenant_id, group_ids)
    roles = {role.role_id: role.name for role in await access.list_roles(tenant_id, gone=True)}
    return {str(ident): name for ident, name in (*groups.items(), *roles.items())}


def _step_from(row: Row) -> Step:
    values = None if row["document"] is None else parse_values(row["document"])
    return Step(
        event_id=EventId(row["id"]),
        at=row["at"],
        action=row["action"],
        actor_label=ERASED if values is None else values.actor,
        actor_kind=row["actor_kind"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        subject_label=ERASED if values is None else values.subject,
        changes=() if values is None else values.changes,
        joined=row["joined"],
    )


def _request_from(row: Row) -> RequestSeen:
    return RequestSeen(
        request_id=RequestId(row["id"]),
        reference=row["reference"],
        method=row["method"],
        path=row["path"],
        status=row["status"],
        detail=row["detail"],
    )


def _behind(ident: UUID) -> UUID:
    return UUID(int=ident.int + 1)
