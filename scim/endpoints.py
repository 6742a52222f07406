"""Endpoints of users and groups: from an HTTP request to what the resource type does with it, and back."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from scim.bodies import is_large, read_json, run
from scim.gate import Exchange
from scim.kinds import Kind, Outcome, Sent
from scim.lists import list_page
from scim.projection import Projection, projection_from
from scim.queries import parameters_in, parameters_of
from scim.record import redacted
from scim.resources import etag_of
from scim.responses import Answer, answer, empty_answer, expectation, resource_answer
from scim.routing import Handler, Route, Served, routes_at

Deed = Callable[[Exchange, str, Sent], Awaitable[Outcome]]


def routes_for(kind: Kind, *, bytes_max: int) -> Sequence[Route]:
    """Return the routes of one resource type at its endpoint."""
    path = kind.names.resource_type.endpoint

    async def create(exchange: Exchange, _ident: str) -> Answer:
        return await _answer(await kind.create(exchange, await _sent(exchange, kind)))

    async def find(exchange: Exchange, ident: str) -> Answer:
        projection = _projection(exchange, kind)
        if_none_match = exchange.request.header(b"if-none-match")
        return await _answer(await kind.find(exchange, ident, projection, if_none_match))

    async def remove(exchange: Exchange, ident: str) -> Answer:
        expect = expectation(exchange.request.header(b"if-match"))
        return await _answer(await kind.delete(exchange, ident, expect))

    async def listed(exchange: Exchange, _ident: str) -> Answer:
        return answer(await list_page(exchange, [kind], parameters_of(exchange.request.query_string)))

    of_all = {"GET": Served(listed), "POST": Served(create, bytes_max)}
    of_one = {
        "GET": Served(find),
        "PUT": Served(_changing(kind, kind.replace), bytes_max),
        "PATCH": Served(_changing(kind, kind.patch), bytes_max),
        "DELETE": Served(remove),
    }
    # Microsoft's public collection asks for /users; tests/idp/suites/microsoft_endpoints.json
    paths = (path, path.lower())
    return [
        *(route for either in paths for route in routes_at(either, of_all)),
        *(route for either in paths for route in routes_at(f"{either}/{{ident}}", of_one)),
        search_route([kind], path=f"{path}/.search", bytes_max=bytes_max),
    ]


def _changing(kind: Kind, deed: Deed) -> Handler:
    async def change(exchange: Exchange, ident: str) -> Answer:
        return await _answer(await deed(exchange, ident, await _sent(exchange, kind)))

    return change


def search_route(kinds: Sequence[Kind], *, path: str, bytes_max: int) -> Route:
    """Return the route of searches by POST, of one resource type or of several (RFC 7644 section 3.4.3)."""

    async def search(exchange: Exchange, _ident: str) -> Answer:
        body = await read_json(exchange.request)
        exchange.draft.request_body = redacted(body)
        return answer(await list_page(exchange, kinds, parameters_in(body, exchange.reading)))

    return Route("POST", path, Served(search, bytes_max))


async def _sent(exchange: Exchange, kind: Kind) -> Sent:
    request = exchange.request
    projection = _projection(exchange, kind)
    body = await read_json(request)
    large = await is_large(request)
    exchange.draft.request_body = await run(partial(redacted, body), on_thread=large)
    expect = expectation(request.header(b"if-match"))
    return Sent(body, projection, expect, large=large)


def _projection(exchange: Exchange, kind: Kind) -> Projection:
    return projection_from(parameters_of(exchange.request.query_string), kind.names_for(exchange), exchange.reading)


async def _answer(outcome: Outcome) -> Answer:
    etag = None if outcome.version is None else etag_of(outcome.version)
    if outcome.resource is None or outcome.location is None or etag is None:
        return empty_answer(status=outcome.status, etag=etag)
    build = partial(resource_answer, outcome.resource, etag=etag, location=outcome.location, status=outcome.status)
    return await run(build, on_thread=outcome.large)
