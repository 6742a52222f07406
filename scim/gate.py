"""The gate of the door: who is calling, what is kept of the call, and the words for what goes wrong."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import perf_counter_ns

import structlog
from litestar.exceptions import HTTPException
from litestar.types import HTTPScope

from directory.callers import Caller
from directory.door_refusals import note_refusal
from directory.errors import DirectoryError, UnknownSecretError
from directory.model import Actor, RequestDraft, SecretId, SourceId, TenantId
from directory.refusal_kinds import RefusalKind
from directory.secret_keys import note_use
from directory.tenancy import take_turn
from directory.traffic import note_request
from scim.auth import caller_from, public_id_in, refusal_cause
from scim.errors import FaultError, InvalidSyntaxError, ScimError, SlowBodyError, UnauthorizedError, from_directory
from scim.hiding import hidden
from scim.incoming import ScimRequest
from scim.quirks import Reading
from scim.record import Whose, draft_for, network_of, part_draft, software_of
from scim.responses import Answer, error_answer
from scim.terms import check_terms

PATH_SHOWN_MAX = 200

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Exchange:
    """One request of a known client, from arrival to answer."""

    caller: Caller
    request: ScimRequest
    draft: RequestDraft
    now: datetime
    base_url: str

    @property
    def actor(self) -> Actor:
        """The client, as the one who causes what the request changes."""
        source = self.caller.source
        return Actor(
            kind="source",
            tenant_id=self.caller.tenant.tenant_id,
            source_id=source.source_id,
            label=source.label,
            request=self.draft,
        )

    @property
    def reading(self) -> Reading:
        """How the request is read; leniencies are noted on its record."""
        return Reading(self.caller.source.settings, self.draft.leniencies)


def part_of(exchange: Exchange, path: str, *, method: str) -> Exchange:
    """Return one operation of a request as a request of its own, with a record of its own."""
    return replace(exchange, draft=part_draft(exchange.draft, path, method=method, now=exchange.now))


async def admit(request: ScimRequest, *, base_url: str) -> Exchange:
    """Let a known client in, and begin the record of its request; whoever calls this sees to it that it is noted.

    Raises:
        UnauthorizedError: nobody knows the client.
    """
    began_ns = perf_counter_ns()
    now = datetime.now(UTC)  # noqa: TID251 the door reads the clock, once

    def elapsed_us() -> int:
        return (perf_counter_ns() - began_ns) // 1000

    try:
        caller = await caller_from(request.scope["headers"], now=now)
    except UnauthorizedError as error:
        _note_unknown(request, error, now=now, elapsed_us=elapsed_us)
        raise
    take_turn(caller.tenant.tenant_id)
    whose = Whose(caller.tenant.tenant_id, caller.source.source_id, caller.secret_id)
    draft = draft_for(request.scope, whose, now=now, elapsed_us=elapsed_us)
    note_use(caller, at=now, network=draft.network, software=draft.software)
    return Exchange(caller, request, draft, now, base_url)


def check_terms_of(exchange: Exchange) -> None:
    """Refuse what the operator set limits to: a request from elsewhere, or too soon after others.

    Raises:
        ScimError: as ``scim.terms.check_terms`` says.
    """
    check_terms(exchange.request.scope, exchange.caller.source.settings, exchange.draft)


def _note_unknown(
    request: ScimRequest, error: UnauthorizedError, *, now: datetime, elapsed_us: Callable[[], int]
) -> None:
    """Count a refused secret by its cause, and record the request where the secret is known: expired, revoked, off."""
    cause, scope = error.__cause__, request.scope
    fault = cause.fault if isinstance(cause, UnknownSecretError) else None
    whose = _whose(cause) if isinstance(cause, UnknownSecretError) else None
    kind = RefusalKind(
        cause=refusal_cause(scope["headers"], fault),
        public_id=public_id_in(scope["headers"]),
        source=None if whose is None or whose.source_id is None else (whose.tenant_id, whose.source_id),
        network=network_of(scope),
        software=software_of(scope),
    )
    note_refusal(kind, at=now)
    if whose is not None:
        draft = draft_for(scope, whose, now=now, elapsed_us=elapsed_us)
        draft.status, draft.detail = error.status, f"The secret was refused: {fault}."
        note_request(draft)


def _whose(error: UnknownSecretError) -> Whose | None:
    if error.tenant_id is None:
        return None
    return Whose(
        TenantId(error.tenant_id),
        None if error.source_id is None else SourceId(error.source_id),
        None if error.secret_id is None else SecretId(error.secret_id),
    )


def note_wrong_path(scope: HTTPScope) -> None:
    """Count a request with a secret of ours to a path that there is not: the base URL was entered wrongly."""
    public_id = public_id_in(scope["headers"])
    if public_id is not None:
        path = hidden(scope["path"][:PATH_SHOWN_MAX])
        kind = RefusalKind(cause="wrong path", public_id=public_id, network=network_of(scope), path=path)
        note_refusal(kind, at=datetime.now(UTC))  # noqa: TID251 no gate stood before this path: the door reads the clock


def word_error(error: Exception, draft: RequestDraft | None) -> Answer:
    """Return the SCIM error for anything that went wrong, known or not; without a draft nobody was let in."""
    scim_error = error_from(error)
    reference: str | None = None
    if draft is not None:
        reference = draft.reference
        draft.scim_type, draft.detail = scim_error.scim_type, scim_error.detail
    if isinstance(scim_error, FaultError):
        # The error's own words may quote a row, so only its kind and where it happened are logged.
        frames = "".join(traceback.format_tb(error.__traceback__))
        _log.error("scim request failed", error=type(error).__name__, reference=reference, frames=frames)
    return error_answer(scim_error, None if isinstance(scim_error, UnauthorizedError) else reference)


def error_from(error: Exception) -> ScimError:
    """Return what the door says of an error; words of errors that it does not know are never repeated."""
    match error:
        case ScimError():
            return error
        case DirectoryError():
            return from_directory(error)
        case HTTPException(status_code=408):
            return SlowBodyError("The body did not arrive in time and nothing was changed. Send it again.")
        case HTTPException(status_code=status) if status < 500:
            return InvalidSyntaxError("The request is not one that this endpoint reads.")
        case _:
            return FaultError()
