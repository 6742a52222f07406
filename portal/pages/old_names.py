"""Addresses that follow the words of other products' guides; each leads to its place here."""

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from portal.auth import shows
from portal.places import PLACES, Place
from portal.rendering import go
from portal.visit import PortalRequest


def leading_to(place: Place) -> HTTPRouteHandler:
    """Return the handler of every old address of a place."""

    @shows(tuple(f"/t/{{slug:str}}/{path}" for path in place.old_paths), access="portal:view")
    async def lead(request: PortalRequest) -> Response[bytes]:
        return go(request, request.auth.path(place.segment))

    return lead


HANDLERS = tuple(leading_to(place) for place in PLACES if place.old_paths)
