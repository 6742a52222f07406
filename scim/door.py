"""The door as an ASGI application: every request below its paths, from its arrival to its answer and its record."""

from datetime import datetime

from litestar.enums import ScopeType
from litestar.types import HTTPScope, Receive, Scope, Send

from directory.callers import Caller
from directory.model import RequestDraft
from directory.tenancy import new_turn
from directory.traffic import note_request
from scim.errors import NoResourceError
from scim.gate import Exchange, admit, check_terms_of, note_wrong_path, word_error
from scim.incoming import ScimRequest
from scim.responses import Answer, send_answer
from scim.routing import Endpoint, Routes

STATE_KEY = "scim_exchange"


class Door:
    """Lets known clients in, serves them, and sees to it that every request of theirs is recorded once."""

    def __init__(self, routes: Routes, *, base_url: str) -> None:
        """Remember the address that resources are found under, as clients see it."""
        self._routes = routes
        self._base_url = base_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whatever goes wrong is answered in words of SCIM."""
        if scope["type"] == ScopeType.HTTP:
            with new_turn():
                await self._serve(scope, receive, send)

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        exchange: Exchange | None = None
        try:
            try:
                endpoint, ident = self._find(scope)
                request = ScimRequest(scope, receive, bytes_max=endpoint.bytes_max(scope["method"]))
                exchange = await admit(request, base_url=self._base_url)
                scope.setdefault("state", {})[STATE_KEY] = exchange
                check_terms_of(exchange)
                # Behind the gate: a method that nobody knows is recorded too, and told only to known clients.
                answer = await endpoint.serving(scope["method"], scope["path"]).handler(exchange, ident)
            except Exception as error:  # noqa: BLE001  # every error has its words, and unknown ones are logged
                answer = word_error(error, None if exchange is None else exchange.draft)
            if exchange is not None:
                exchange.draft.status = answer.status
            await send_answer(send, answer)
        finally:
            if exchange is not None:
                note_request(exchange.draft)

    async def try_out(
        self, scope: HTTPScope, receive: Receive, caller: Caller, draft: RequestDraft, *, now: datetime
    ) -> Answer:
        """Return the answer to a request that was let in elsewhere; nobody keeps its record."""
        try:
            endpoint, ident = self._find(scope)
            served = endpoint.serving(scope["method"], scope["path"])
            request = ScimRequest(scope, receive, bytes_max=served.bytes_max)
            return await served.handler(Exchange(caller, request, draft, now, self._base_url), ident)
        except Exception as error:  # noqa: BLE001  # as above
            return word_error(error, draft)

    def _find(self, scope: HTTPScope) -> tuple[Endpoint, str]:
        """Return what is served at the path of a request, and what the path names."""
        try:
            endpoint, ident = self._routes.find(scope["path"])
        except NoResourceError:
            note_wrong_path(scope)
            raise
        scope["path_template"] = endpoint.template
        return endpoint, ident
