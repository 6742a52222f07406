"""Confirm who one is, and go on to the page that asked for it."""

from collections.abc import Mapping

from litestar import Response

from portal.auth import does, shows
from portal.confirming import BACK_CHARS_MAX, ask, confirm, next_path
from portal.rendering import go
from portal.visit import PortalRequest, form_fields

CONFIRM = "/t/{slug:str}/confirm"


@shows(CONFIRM, access="signed in")
async def show_confirm(request: PortalRequest) -> Response[bytes]:
    """Ask who it is."""
    return await ask(request, request.auth, action=request.auth.path("confirm"), kept=_kept(request.query_params))


@does(CONFIRM, access="signed in")
async def take_confirm(request: PortalRequest) -> Response[bytes]:
    """Take the answer and lead back."""
    visit, fields = request.auth, await form_fields(request)
    form = await confirm(request, visit, fields)
    if form is not None:
        return await ask(request, visit, action=visit.path("confirm"), kept=_kept(fields), form=form)
    asked = fields.get("next", "")
    return go(request, next_path(visit.path(), asked, visit.path("overview"), chars_max=BACK_CHARS_MAX))


def _kept(given: Mapping[str, str]) -> list[tuple[str, str]]:
    return [("next", given.get("next", ""))]


HANDLERS = (show_confirm, take_confirm)
