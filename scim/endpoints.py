"""Endpoints of users and groups: from an HTTP request to what the resource type does with it, and back."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from litestar import delete, get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from scim.bodies import ScimRequest, is_large, read_json, run
from scim.gate import Exchange, exchange_of
from scim.kinds import Kind, Outcome, Sent
from scim.lists import list_page
from scim.projection import Projection, projection_from
from scim.queries import parameters_in, parameters_of
from scim.record import redacted
from scim.resources import etag_of
from scim.responses import Answer, answer, empty_answer, expectation, resource_answer

Deed = Callable[[Exchange, str, Sent], Awaitable[Outcome]]


def handlers_for(kind: Kind, *, bytes_max: int) -> Sequence[HTTPRouteHandler]:
    """Return the handlers of one resource type at its endpoint."""
    path = kind.names.resource_type.endpoint
    # Microsoft's public collection asks for /users; tests/idp/suites/microsoft_endpoints.json
    paths = [path, path.lower()]
    one = [f"{either}/{{ident:str}}" for either in paths]

    async def create(request: ScimRequest) -> Answer:
        exchange = exchange_of(request)
        return await _answer(await kind.create(exchange, await _sent(request, exchange, kind)))

    async def find(request: ScimRequest, ident: FromPath[str]) -> Answer:
        exchange = exchange_of(request)
        projection = _projection(request, exchange, kind)
        return await _answer(await kind.find(exchange, ident, projection, request.headers.get("if-none-match")))

    async def change(request: ScimRequest, ident: str, deed: Deed) -> Answer:
        exchange = exchange_of(request)
        return await _answer(await deed(exchange, ident, await _sent(request, exchange, kind)))

    async def replace(request: ScimRequest, ident: FromPath[str]) -> Answer:
        return await change(request, ident, kind.replace)

    async def modify(request: ScimRequest, ident: FromPath[str]) -> Answer:
        return await change(request, ident, kind.patch)

    async def remove(request: ScimRequest, ident: FromPath[str]) -> Answer:
        expect = expectation(request.headers.get("if-match"))
        return await _answer(await kind.delete(exchange_of(request), ident, expect))

    async def listed(request: ScimRequest) -> Answer:
        exchange = exchange_of(request)
        return answer(await list_page(exchange, [kind], parameters_of(request.scope["query_string"])))

    # Litestar wants 204 for DELETE and 201 for POST by itself; the answers say their own status.
    return [
        get(paths)(listed),
        post(paths, request_max_body_size=bytes_max)(create),
        get(one)(find),
        put(one, request_max_body_size=bytes_max)(replace),
        patch(one, request_max_body_size=bytes_max)(modify),
        delete(one, status_code=200)(remove),
        search_handler([kind], path=f"{path}/.search", bytes_max=bytes_max),
    ]


def search_handler(kinds: Sequence[Kind], *, path: str, bytes_max: int) -> HTTPRouteHandler:
    """Return the handler of searches by POST, of one resource type or of several (RFC 7644 section 3.4.3)."""

    async def search(request: ScimRequest) -> Answer:
        exchange = exchange_of(request)
        body = await read_json(request)
        exchange.draft.request_body = redacted(body)
        return answer(await list_page(exchange, kinds, parameters_in(body, exchange.reading)))

    return post(path, status_code=200, request_max_body_size=bytes_max)(search)


async def _sent(request: ScimRequest, exchange: Exchange, kind: Kind) -> Sent:
    projection = _projection(request, exchange, kind)
    body = await read_json(request)
    large = await is_large(request)
    exchange.draft.request_body = await run(partial(redacted, body), on_thread=large)
    expect = expectation(request.headers.get("if-match"))
    return Sent(body, projection, expect, large=large)


def _projection(request: ScimRequest, exchange: Exchange, kind: Kind) -> Projection:
    return projection_from(parameters_of(request.scope["query_string"]), kind.names, exchange.reading)


async def _answer(outcome: Outcome) -> Answer:
    etag = None if outcome.version is None else etag_of(outcome.version)
    if outcome.resource is None or outcome.location is None or etag is None:
        return empty_answer(status=outcome.status, etag=etag)
    build = partial(resource_answer, outcome.resource, etag=etag, location=outcome.location, status=outcome.status)
    return await run(build, on_thread=outcome.large)
