"""Secrets of a connection: create, rotate and revoke; each is shown exactly once."""

from datetime import timedelta
from typing import Literal

from litestar import Response

from directory import secret_keys, sources
from directory.errors import NotFoundError
from directory.model import SecretId, SecretKey, Source, SourceId
from directory.secret_handover import is_in_use
from directory.secret_keys import IssuedSecret
from portal.auth import does, shows
from portal.forms import Form, path_uuid, read_form
from portal.guides import GUIDES, endpoint_for
from portal.rendering import go, page
from portal.visit import PortalRequest, site_of

LABEL_CHARS_MAX = 100
LIFETIME_DAYS = 180
LIFETIME_DAYS_MAX = 365
Overlap = Literal["0", "1", "24"]
OVERLAPS_H: tuple[Overlap, ...] = ("0", "1", "24")
SECRETS = "/t/{slug:str}/configure-scim/{source_id:str}/secrets"


@shows(f"{SECRETS}/new", access="sources:manage")
async def show_new(request: PortalRequest) -> Response[bytes]:
    """Show the form for a first secret."""
    return _new_page(request, await _source(request), Form({"days": str(LIFETIME_DAYS)}))


@does(f"{SECRETS}/new", access="sources:manage", fresh=True)
async def create(request: PortalRequest) -> Response[bytes]:
    """Create a secret where none is active, and show it once."""
    source, form = await _source(request), await read_form(request)
    if await _active(request, source) is not None:
        # Sent twice, or another operator was faster: a second secret would void the one just stored.
        form.errors["label"] = "There is an active secret already. Rotate it instead."
    lifetime = _lifetime(form)
    label = form.text("label", chars_max=LABEL_CHARS_MAX, required=False)
    if form.errors:
        return _new_page(request, source, form)
    visit = request.auth
    issued = await secret_keys.issue_secret(
        source.source_id, label=label or f"Created {visit.now:%Y-%m-%d}", lifetime=lifetime, by=visit.by, now=visit.now
    )
    return _shown_once(request, source, issued)


@shows(f"{SECRETS}/{{secret_id:str}}/rotate", access="sources:manage")
async def show_rotate(request: PortalRequest) -> Response[bytes]:
    """Ask what becomes of the present secret."""
    source, secret = await _usable(request)
    return _rotate_page(request, source, secret, Form({"overlap": "0", "days": str(LIFETIME_DAYS)}))


@does(f"{SECRETS}/{{secret_id:str}}/rotate", access="sources:manage", fresh=True)
async def rotate(request: PortalRequest) -> Response[bytes]:
    """Issue the next secret and show it once; the address names the one it replaces, so sending twice does nothing."""
    source, secret = await _usable(request)
    form = await read_form(request)
    overlap = timedelta(hours=int(form.choice("overlap", OVERLAPS_H)))
    lifetime = _lifetime(form)
    if not overlap:
        _check_sure(request, secret, form)
    if form.errors:
        return _rotate_page(request, source, secret, form)
    visit = request.auth
    label = f"Rotated {visit.now:%Y-%m-%d}"
    issued = await secret_keys.issue_secret(
        source.source_id, label=label, lifetime=lifetime, overlap=overlap, by=visit.by, now=visit.now
    )
    return _shown_once(request, source, issued)


@shows(f"{SECRETS}/{{secret_id:str}}/revoke", access="sources:manage")
async def show_revoke(request: PortalRequest) -> Response[bytes]:
    """Say what revoking does, before it is done."""
    source = await _source(request)
    return _revoke_page(request, source, await _kept(request, source), Form({}))


@does(f"{SECRETS}/{{secret_id:str}}/revoke", access="sources:manage", fresh=True)
async def revoke(request: PortalRequest) -> Response[bytes]:
    """Revoke a secret at once."""
    visit = request.auth
    source = await _source(request)
    secret, form = await _kept(request, source), await read_form(request)
    _check_sure(request, secret, form)
    if form.errors:
        return _revoke_page(request, source, secret, form)
    await secret_keys.revoke_secret(secret.secret_id, by=visit.by, now=visit.now)
    return go(request, visit.path("configure-scim", source.source_id), done="secret-revoked")


def _check_sure(request: PortalRequest, secret: SecretKey, form: Form) -> None:
    """Ask a second time before a secret is voided that somebody uses right now."""
    if is_in_use(secret, request.auth.now) and not form.flag("sure"):
        form.errors["sure"] = "This secret was used within the last minutes. Tick the box to void it all the same."


def _lifetime(form: Form) -> timedelta:
    return timedelta(days=form.number("days", low=1, high=LIFETIME_DAYS_MAX))


async def _source(request: PortalRequest) -> Source:
    tenant_id = request.auth.operator.tenant.tenant_id
    return await sources.get_pushed_source(tenant_id, SourceId(path_uuid(request, "source_id")))


async def _kept(request: PortalRequest, source: Source) -> SecretKey:
    secret_id = SecretId(path_uuid(request, "secret_id"))
    for secret in await secret_keys.list_secrets(source.tenant_id, source.source_id):
        if secret.secret_id == secret_id:
            return secret
    raise NotFoundError("secret", secret_id)


async def _usable(request: PortalRequest) -> tuple[Source, SecretKey]:
    """Return the active secret that the address names; one replaced meanwhile is not there any more."""
    source = await _source(request)
    secret = await _kept(request, source)
    if secret.state(request.auth.now) != "active":
        raise NotFoundError("active secret", secret.secret_id)
    return source, secret


async def _active(request: PortalRequest, source: Source) -> SecretKey | None:
    kept = await secret_keys.list_secrets(source.tenant_id, source.source_id)
    return next((secret for secret in kept if secret.state(request.auth.now) == "active"), None)


def _new_page(request: PortalRequest, source: Source, form: Form) -> Response[bytes]:
    return page(request, "secret/new.html", status_code=422 if form.errors else 200, source=source, form=form)


def _rotate_page(request: PortalRequest, source: Source, secret: SecretKey, form: Form) -> Response[bytes]:
    status_code = 422 if form.errors else 200
    in_use = is_in_use(secret, request.auth.now)
    return page(
        request, "secret/rotate.html", status_code=status_code, source=source, secret=secret, form=form, in_use=in_use
    )


def _revoke_page(request: PortalRequest, source: Source, secret: SecretKey, form: Form) -> Response[bytes]:
    status_code = 422 if form.errors else 200
    in_use = is_in_use(secret, request.auth.now)
    return page(
        request, "secret/revoke.html", status_code=status_code, source=source, secret=secret, form=form, in_use=in_use
    )


def _shown_once(request: PortalRequest, source: Source, issued: IssuedSecret) -> Response[bytes]:
    return page(
        request,
        "secret/shown.html",
        source=source,
        guide=GUIDES[source.preset],
        endpoint=endpoint_for(site_of(request).public_url),
        secret=issued.secret,
        token=issued.token,
    )


HANDLERS = (show_new, create, show_rotate, rotate, show_revoke, revoke)
