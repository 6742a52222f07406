"""The one middleware of the door: who is calling, what is kept of the call, and the words for what goes wrong."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import perf_counter_ns
from typing import Any

import structlog
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from directory.callers import Caller
from directory.errors import DirectoryError, UnknownSecretError
from directory.model import Actor, RequestDraft, SecretId, SourceId, TenantId
from directory.secret_keys import note_use
from directory.traffic import note_request
from scim.auth import caller_from
from scim.errors import (
    FaultError,
    InvalidSyntaxError,
    NoResourceError,
    NotAllowedError,
    ScimError,
    SlowBodyError,
    TooLargeError,
    UnauthorizedError,
    WrongMethodError,
    from_directory,
)
from scim.quirks import Reading
from scim.record import Whose, draft_for, part_draft
from scim.responses import Answer, error_answer

STATE_KEY = "scim_exchange"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of a known client, from arrival to answer."""

    caller: Caller
    draft: RequestDraft
    actor: Actor
    reading: Reading
    now: datetime
    base_url: str


def exchange_of(request: Request[Any, Any, Any]) -> Exchange:
    """Return what the gate knows of a request that passed it."""
    exchange = request.scope["state"][STATE_KEY]
    assert isinstance(exchange, Exchange)  # noqa: S101 the gate stands before every route of the door
    return exchange


def part_of(exchange: Exchange, path: str, *, method: str) -> Exchange:
    """Return one operation of a request as a request of its own, with a record of its own."""
    draft = part_draft(exchange.draft, path, method=method, now=exchange.now)
    return replace(
        exchange,
        draft=draft,
        actor=replace(exchange.actor, request=draft),
        reading=Reading(exchange.reading.settings, draft.leniencies),
    )


class Gate(ASGIMiddleware):
    """Lets known clients in, and sees to it that every request of theirs is recorded once."""

    def __init__(self, base_url: str) -> None:
        """Remember the address that resources are found under, as clients see it."""
        self.base_url = base_url

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Serve one request (ASGI)."""
        began_ns = perf_counter_ns()
        now = datetime.now(UTC)  # noqa: TID251 the door reads the clock, once

        def elapsed_us() -> int:
            return (perf_counter_ns() - began_ns) // 1000

        try:
            caller = await caller_from(scope["headers"], now=now)
        except UnauthorizedError as error:
            _note_refusal(scope, error, now=now, elapsed_us=elapsed_us)
            raise
        whose = Whose(caller.tenant.tenant_id, caller.source.source_id, caller.secret_id)
        draft = draft_for(scope, whose, now=now, elapsed_us=elapsed_us)
        scope["state"][STATE_KEY] = _exchange(caller, draft, now=now, base_url=self.base_url)
        note_use(caller, at=now, network=draft.network, software=draft.software)

        async def send_noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                draft.status = message["status"]
            await send(message)

        try:
            await next_app(scope, receive, send_noting)
        finally:
            note_request(draft)


def _note_refusal(scope: Scope, error: UnauthorizedError, *, now: datetime, elapsed_us: Callable[[], int]) -> None:
    """Record a refused secret where it is known whose it was: expired, revoked, or of a paused source."""
    cause = error.__cause__
    if isinstance(cause, UnknownSecretError) and cause.tenant_id is not None:
        whose = Whose(
            TenantId(cause.tenant_id),
            None if cause.source_id is None else SourceId(cause.source_id),
            None if cause.secret_id is None else SecretId(cause.secret_id),
        )
        draft = draft_for(scope, whose, now=now, elapsed_us=elapsed_us)
        draft.status, draft.detail = error.status, f"The secret was refused: {cause.fault}."
        note_request(draft)


def _exchange(caller: Caller, draft: RequestDraft, *, now: datetime, base_url: str) -> Exchange:
    source = caller.source
    actor = Actor(
        kind="source",
        tenant_id=caller.tenant.tenant_id,
        source_id=source.source_id,
        label=source.label,
        request=draft,
    )
    return Exchange(caller, draft, actor, Reading(source.settings, draft.leniencies), now, base_url)


def word_exception(request: Request[Any, Any, Any], error: Exception) -> Answer:
    """Return the SCIM error for anything that went wrong below the door's paths, known or not."""
    scim_error = _worded(request, error)
    exchange = request.scope.get("state", {}).get(STATE_KEY)
    reference: str | None = None
    if isinstance(exchange, Exchange):
        reference = exchange.draft.reference
        exchange.draft.scim_type = scim_error.scim_type
        exchange.draft.detail = scim_error.detail
    if isinstance(scim_error, FaultError):
        # The error's own words may quote a row, so only its kind and where it happened are logged.
        frames = "".join(traceback.format_tb(error.__traceback__))
        _log.error("scim request failed", error=type(error).__name__, reference=reference, frames=frames)
    return error_answer(scim_error, None if isinstance(scim_error, UnauthorizedError) else reference)


def _worded(request: Request[Any, Any, Any], error: Exception) -> ScimError:
    match error:
        case ScimError():
            return error
        case DirectoryError():
            return from_directory(error)
        case HTTPException():
            return _of_framework(request, error)
        case _:
            return FaultError()


def _of_framework(request: Request[Any, Any, Any], error: HTTPException) -> ScimError:
    """Return the error for what Litestar refused before a handler saw it (trap L11)."""
    path = request.scope["path"][:200]
    match error.status_code:
        case 404:
            return NoResourceError(f"There is no endpoint {path}. Check the base URL in your IdP.")
        case 405:
            # The framework lists them in the order of a set, which differs from process to process.
            allowed = ", ".join(sorted((error.headers or {}).get("allow", "").split(", ")))
            words = f"{path} does not know the method {request.scope['method']}; it knows {allowed}."
            return WrongMethodError(words, headers={"Allow": allowed})
        case 408:
            return SlowBodyError("The body did not arrive in time and nothing was changed. Send it again.")
        case 413:
            return TooLargeError("The body is larger than this endpoint reads. Send the change in several requests.")
        case 401 | 403:
            return NotAllowedError("This is not allowed.")
        case status if status < 500:
            return InvalidSyntaxError("The request is not one that this endpoint reads.")
        case _:
            return FaultError()
