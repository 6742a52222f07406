"""The settings index: every place where something is set up, with what it is for and what others call it."""

from litestar import Response

from portal.auth import shows
from portal.places import PLACES
from portal.rendering import page
from portal.visit import PortalRequest


@shows("/t/{slug:str}/settings", access="portal:view")
async def show_settings(request: PortalRequest) -> Response[bytes]:
    """Show where things are set up, as far as the operator may see them."""
    visit = request.auth
    settings = [place for place in PLACES if place.shelf == "settings"]
    listed = [place for place in settings if visit.may(place.needs) and visit.is_kin(place.kin)]
    return page(request, "settings/page.html", listed=listed)


HANDLERS = (show_settings,)
