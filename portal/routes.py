"""What the house mounts: pages, static files, and the words for what goes wrong."""

from collections.abc import Iterable

from litestar import HttpMethod, Response, Router, route
from litestar.handlers import BaseRouteHandler
from litestar.middleware import DefineMiddleware

from directory.simulations import Simulate
from portal.assets import ASSET_CACHE_CONTROL, assets_by_url
from portal.auth import admit
from portal.cookies import hand_over
from portal.errors import error_answerer
from portal.pages import (
    activity,
    activity_entry,
    activity_export,
    adoption,
    alert_mails,
    alert_recipients,
    alerts,
    attribute_fields,
    configure_scim,
    configure_scim_off,
    configure_scim_policies,
    confirm,
    connectors,
    connectors_configuration,
    connectors_credentials,
    connectors_mapping,
    connectors_mode,
    connectors_off,
    connectors_problems,
    connectors_schedule,
    connectors_test,
    conversion,
    conversion_people,
    deleted_users,
    drift,
    equipment,
    equipment_api,
    equipment_import,
    equipment_item,
    equipment_loans,
    equipment_returns,
    group_mappings,
    groups,
    held,
    held_limits,
    mapping_preview,
    old_names,
    overview,
    own_account,
    own_password,
    reports,
    reports_schedules,
    role_locks,
    roles,
    routing,
    routing_preview,
    routing_rule,
    runs,
    runs_asking,
    runs_items,
    scoped_views,
    scoped_views_opening,
    search,
    second_factor,
    secret,
    settings,
    sign_in,
    simulate,
    sub_accounts,
    sub_accounts_bulk,
    sub_accounts_local,
    sub_accounts_views,
    tenants,
    tenants_policies,
    tenants_states,
    undo,
    undo_runs,
    unrouted,
    user,
    user_lock,
    user_record,
    user_second_factor,
    user_status,
    waiting_references,
    webhook_log,
    webhooks,
)
from portal.rendering import accepts_gzip, secure_headers
from portal.turns import in_own_turn
from portal.visit import FORM_BYTES_MAX, PortalRequest, Site, site_of

PAGES = (
    sign_in,
    confirm,
    own_account,
    own_password,
    second_factor,
    overview,
    sub_accounts,
    sub_accounts_bulk,
    sub_accounts_local,
    sub_accounts_views,
    user,
    user_lock,
    user_status,
    user_second_factor,
    user_record,
    deleted_users,
    adoption,
    waiting_references,
    equipment,
    equipment_loans,
    equipment_returns,
    equipment_import,
    equipment_item,
    equipment_api,
    role_locks,
    roles,
    reports,
    reports_schedules,
    held,
    held_limits,
    groups,
    activity,
    activity_entry,
    undo,
    undo_runs,
    activity_export,
    search,
    configure_scim,
    configure_scim_policies,
    configure_scim_off,
    connectors,
    connectors_configuration,
    connectors_credentials,
    connectors_schedule,
    connectors_mode,
    connectors_mapping,
    connectors_test,
    connectors_off,
    connectors_problems,
    simulate,
    secret,
    group_mappings,
    mapping_preview,
    conversion,
    conversion_people,
    attribute_fields,
    alerts,
    alert_recipients,
    alert_mails,
    webhooks,
    webhook_log,
    runs,
    runs_asking,
    runs_items,
    drift,
    scoped_views,
    scoped_views_opening,
    settings,
    tenants,
    tenants_policies,
    tenants_states,
    routing,
    routing_rule,
    routing_preview,
    unrouted,
    old_names,
)


class UndeclaredAccessError(Exception):
    """A route does not say who may use it; the portal does not start."""


def router(*, public_url: str, simulate: Simulate, sends_mail: bool = False, private_webhooks: bool = False) -> Router:
    """Return the portal as seen at ``public_url``: every page and form behind one guard.

    ``simulate`` tries out requests of other doors, which this one does not know; the last two are what ``Site`` tells.

    Raises:
        UndeclaredAccessError: a route declares neither a permission nor that it is public.
    """
    site = Site(public_url=public_url.rstrip("/"), sends_mail=sends_mail, private_webhooks=private_webhooks)
    handlers = [handler for module in PAGES for handler in module.HANDLERS]
    check_access_declared(handlers)
    return Router(
        path="/",
        route_handlers=handlers,
        before_request=admit,
        middleware=[in_own_turn, DefineMiddleware(hand_over, site=site)],
        exception_handlers={Exception: error_answerer(site)},
        opt={"site": site, "simulate": simulate},
        request_max_body_size=FORM_BYTES_MAX,
        include_in_schema=False,
    )


def static_router(*, public_url: str) -> Router:
    """Return the static files, each at an address made from its content."""
    site = Site(public_url=public_url.rstrip("/"))
    return Router(
        path="/",
        route_handlers=[send_static],
        exception_handlers={Exception: error_answerer(site)},
        opt={"site": site},
        include_in_schema=False,
    )


def check_access_declared(handlers: Iterable[BaseRouteHandler]) -> None:
    """Raise UndeclaredAccessError unless every handler says who may use it."""
    silent = sorted(path for handler in handlers if "access" not in handler.opt for path in handler.paths)
    if silent:
        raise UndeclaredAccessError(f"no access declared for {', '.join(silent)}")


@route("/static/{file_name:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=False)
def send_static(request: PortalRequest) -> Response[bytes]:
    """Send a static file: from memory, compressed beforehand, and for good since its name holds its content."""
    headers = {**secure_headers(site_of(request)), "Vary": "Accept-Encoding"}
    asset = assets_by_url().get(request.url.path)
    if asset is None:
        headers["Cache-Control"] = "no-store"
        return Response(b"No such file.", status_code=404, headers=headers, media_type="text/plain")
    zipped = accepts_gzip(request)
    etag = f'"{asset.digest}{"-gz" if zipped else ""}"'
    headers |= {"Cache-Control": ASSET_CACHE_CONTROL, "ETag": etag}
    if _is_known(etag, request.headers.get("if-none-match", "")):
        return Response(b"", status_code=304, headers=headers, media_type=asset.media_type)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    content = asset.gzipped if zipped else asset.content
    return Response(content, status_code=200, headers=headers, media_type=asset.media_type)


def _is_known(etag: str, if_none_match: str) -> bool:
    """Whether the browser holds ``etag`` already (RFC 9110 section 13.1.2: weak comparison, lists, ``*``)."""
    known = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return etag in known or "*" in known
