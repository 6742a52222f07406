"""Trying a request out: it goes through the SCIM door as if it had been let in, in a unit of work that is undone."""

from time import perf_counter_ns
from urllib.parse import urlsplit

import msgspec
from litestar.types import HTTPScope, Receive

import scim.routes
from directory import sources, tenants, users
from directory.callers import Caller
from directory.errors import InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import RequestDraft, RequestId, SecretId, TenantId, User, UserId
from directory.simulations import Simulated, SimulatedRequest
from directory.traffic import reference_for
from directory.trials import try_out, try_read
from scim.bulk import PATH as BULK_PATH
from scim.errors import NoResourceError
from scim.resources import id_from

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SEARCH_END = "/.search"
ANSWER_CHARS_MAX = 20_000


class Simulator:
    """The SCIM door without its gate, for requests that an operator pasted."""

    def __init__(self, public_url: str) -> None:
        """Put the routes together once; resources are found under ``public_url``."""
        self._door = scim.routes.door(public_url=public_url)
        self._under_way: set[TenantId] = set()

    async def __call__(self, asked: SimulatedRequest) -> Simulated:
        """Return what would come of a request; nothing of it is kept.

        Raises:
            NotFoundError: the tenant has no such source.
            InvalidError: the method or the path cannot be tried out, or the tenant tries another one out.
            UnavailableError: the database cannot do this now.
        """
        if asked.tenant_id in self._under_way:
            raise InvalidError("request", "has to wait: another one is being tried out right now")
        self._under_way.add(asked.tenant_id)
        try:
            return await self._simulated(asked)
        finally:
            self._under_way.remove(asked.tenant_id)

    async def _simulated(self, asked: SimulatedRequest) -> Simulated:
        path, query = wanted_path(asked)
        caller = Caller(
            tenant=await tenants.get_tenant(asked.tenant_id),
            source=await sources.get_source(asked.tenant_id, asked.source_id),
            secret_id=SecretId(new_id(asked.at)),
        )
        began_ns = perf_counter_ns()
        draft = _draft_for(asked, path)
        scope, receive = _scope_for(asked, path, query), _receiving(asked.body.encode())

        async def deed() -> tuple[User | None, int, bytes]:
            draft.leniencies.clear()
            named = await _user_named_by(path, caller)
            answer = await self._door.try_out(scope, receive, caller, draft, now=asked.at)
            return named, answer.status, answer.content

        only_reads = is_read(asked.method, path)
        (user, status, content), tried = await (try_read(deed) if only_reads else try_out(asked.tenant_id, deed))
        return Simulated(
            status=status,
            answer=_shown(content),
            path=f"{path}?{query}" if query else path,
            leniencies=tuple(draft.leniencies),
            scim_type=draft.scim_type,
            detail=draft.detail,
            plans=tried.plans if status < 400 else (),
            user=user,
            duration_us=(perf_counter_ns() - began_ns) // 1000,
        )


def wanted_path(asked: SimulatedRequest) -> tuple[str, str]:
    """Return path and query of a request, whether the address was pasted as a whole or only its end.

    Raises:
        InvalidError: another method than SCIM's, or a path that is tried out in parts.
    """
    if asked.method not in METHODS:
        raise InvalidError("method", f"must be one of: {', '.join(METHODS)}")
    try:
        parts = urlsplit(asked.path.strip())
    except ValueError as error:
        raise InvalidError("path", "is no address") from error
    path = "/" + parts.path.lstrip("/")
    if not scim.routes.owns(path):
        path = scim.routes.BASE_PATH + path
    if path.lower().rstrip("/").endswith(BULK_PATH.lower()):
        raise InvalidError("path", "is /Bulk; paste one of its operations by itself")
    return path, parts.query


def is_read(method: str, path: str) -> bool:
    """Whether a request writes nothing: a search may look through everybody."""
    return method == "GET" or (method == "POST" and path.lower().rstrip("/").endswith(SEARCH_END))


def _draft_for(asked: SimulatedRequest, path: str) -> RequestDraft:
    """Return a record that nobody keeps: it collects leniencies and the words of an error."""
    request_id = RequestId(new_id(asked.at))
    return RequestDraft(
        request_id=request_id,
        tenant_id=asked.tenant_id,
        source_id=asked.source_id,
        secret_id=None,
        reference=reference_for(request_id),
        method=asked.method,
        path=path,
        started_at=asked.at,
        elapsed_us=lambda: 0,
        software="simulation",
    )


async def _user_named_by(path: str, caller: Caller) -> User | None:
    kind, _, ident = path.rstrip("/").rpartition("/")
    if not kind.lower().endswith("/users"):
        return None
    try:
        user_id = UserId(id_from(ident, "user"))
        return await users.get_user(caller.tenant.tenant_id, user_id, source_id=caller.source.source_id)
    except (NoResourceError, NotFoundError):
        return None


def _scope_for(asked: SimulatedRequest, path: str, query: str) -> HTTPScope:
    scope: dict[str, object] = {
        "type": "http",
        "method": asked.method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"content-type", b"application/scim+json")] if asked.body else [],
        "client": None,
    }
    return scope  # type: ignore[return-value]  # all that the door reads of a scope


def _receiving(body: bytes) -> Receive:
    async def receive() -> object:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive  # type: ignore[return-value]  # a plain dict is a message


def _shown(content: bytes) -> str:
    try:
        text = msgspec.json.format(content, indent=2).decode() if content else ""
    except msgspec.DecodeError:
        text = content.decode("utf-8", "replace")
    return text if len(text) <= ANSWER_CHARS_MAX else f"{text[:ANSWER_CHARS_MAX]}\n… ({len(text)} characters)"
