"""Keys of asset systems: create, rotate and revoke; each is shown exactly once."""

from datetime import timedelta
from typing import Literal

from litestar import Response

from directory import equipment_keys
from directory.equipment_keys import EquipmentKey, IssuedKey
from directory.errors import InvalidError, NotFoundError
from portal.auth import does, shows
from portal.forms import Form, path_uuid, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest, site_of

KEYS = "/t/{slug:str}/equipment-api"
DAYS = 180
DAYS_MAX = 365
Overlap = Literal["0", "1", "24"]
OVERLAPS_H: tuple[Overlap, ...] = ("0", "1", "24")


@shows(KEYS, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the address and the keys."""
    return page(
        request,
        "equipment_api/page.html",
        keys=await equipment_keys.list_keys(request.auth.operator.tenant.tenant_id, now=request.auth.now),
        endpoint=_endpoint(request),
        may_make=request.auth.may("sources:manage") and request.auth.may(equipment_keys.CARRIES),
        may_revoke=request.auth.may("sources:manage"),
    )


@shows(f"{KEYS}/new", access="sources:manage")
async def show_new(request: PortalRequest) -> Response[bytes]:
    """Ask what the key is for."""
    request.auth.by.require(equipment_keys.CARRIES)
    return _new_page(request, Form({"days": str(DAYS)}))


@does(f"{KEYS}/new", access="sources:manage", fresh=True)
async def create(request: PortalRequest) -> Response[bytes]:
    """Create a key and show it once."""
    form, visit = await read_form(request), request.auth
    visit.by.require(equipment_keys.CARRIES)
    label = form.text("label", chars_max=equipment_keys.LABEL_CHARS_MAX)
    days = form.number("days", low=1, high=DAYS_MAX)
    if form.errors:
        return _new_page(request, form)
    try:
        issued = await equipment_keys.create_key(label, lifetime=timedelta(days=days), by=visit.by, now=visit.now)
    except InvalidError as error:
        form.errors["label"] = f"The {error.attribute} {error.reason}."
        return _new_page(request, form)
    return _shown_once(request, issued)


@shows(f"{KEYS}/{{key_id:str}}/rotate", access="sources:manage")
async def show_rotate(request: PortalRequest) -> Response[bytes]:
    """Ask what becomes of the present key."""
    request.auth.by.require(equipment_keys.CARRIES)
    return await _rotate_page(request, Form({"overlap": "0", "days": str(DAYS)}))


@does(f"{KEYS}/{{key_id:str}}/rotate", access="sources:manage", fresh=True)
async def rotate(request: PortalRequest) -> Response[bytes]:
    """Put a new key in the place of one, and show it once."""
    form, visit = await read_form(request), request.auth
    visit.by.require(equipment_keys.CARRIES)
    key = await _key(request)
    overlap = timedelta(hours=int(form.choice("overlap", OVERLAPS_H)))
    days = form.number("days", low=1, high=DAYS_MAX)
    if form.errors:
        return await _rotate_page(request, form)
    lifetime = timedelta(days=days)
    try:
        issued = await equipment_keys.rotate_key(
            key.key_id, lifetime=lifetime, overlap=overlap, by=visit.by, now=visit.now
        )
    except InvalidError as error:
        form.errors["overlap"] = f"The {error.attribute} {error.reason}."
        return await _rotate_page(request, form)
    return _shown_once(request, issued)


@shows(f"{KEYS}/{{key_id:str}}/revoke", access="sources:manage")
async def show_revoke(request: PortalRequest) -> Response[bytes]:
    """Ask whether the key is to open nothing any more."""
    return page(request, "equipment_api/revoke.html", key=await _key(request, "active", "retiring", "expired"))


@does(f"{KEYS}/{{key_id:str}}/revoke", access="sources:manage", fresh=True)
async def revoke(request: PortalRequest) -> Response[bytes]:
    """Void the key."""
    visit = request.auth
    await equipment_keys.revoke_key(path_uuid(request, "key_id"), by=visit.by, now=visit.now)
    return go(request, visit.path("equipment-api"), done="key-revoked")


async def _key(request: PortalRequest, *states: str) -> EquipmentKey:
    """Return a key that is in one of these states, or that still opens something.

    Raises:
        NotFoundError: there is none of that id, or it is in another state.
    """
    key = await equipment_keys.get_key(request.auth.operator.tenant.tenant_id, path_uuid(request, "key_id"))
    if key.state(request.auth.now) not in (states or ("active", "retiring")):
        raise NotFoundError("key", key.key_id)
    return key


def _endpoint(request: PortalRequest) -> str:
    return f"{site_of(request).public_url}/api/v1/equipment"


def _new_page(request: PortalRequest, form: Form) -> Response[bytes]:
    return page(request, "equipment_api/new.html", status_code=422 if form.errors else 200, form=form)


async def _rotate_page(request: PortalRequest, form: Form) -> Response[bytes]:
    key = await _key(request)
    return page(request, "equipment_api/rotate.html", status_code=422 if form.errors else 200, form=form, key=key)


def _shown_once(request: PortalRequest, issued: IssuedKey) -> Response[bytes]:
    return page(request, "equipment_api/shown.html", key=issued.key, token=issued.token, endpoint=_endpoint(request))


HANDLERS = (show, show_new, create, show_rotate, rotate, show_revoke, revoke)
