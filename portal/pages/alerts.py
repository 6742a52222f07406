"""Alerts: what is the matter now, what was, and who looks after it."""

from datetime import datetime
from uuid import UUID

from litestar import Response

from directory import alert_list
from directory.alert_list import Alert
from directory.errors import InvalidError
from portal.alert_words import ALERT_TITLES
from portal.auth import does, shows
from portal.forms import parse_uuid, path_uuid
from portal.rendering import go, page
from portal.visit import PortalRequest, site_of

PAST_MAX = 25
ALERTS = "/t/{slug:str}/alerts"


@shows(ALERTS, access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show what is the matter now, and below it what was."""
    tenant_id = request.auth.operator.tenant.tenant_id
    before = await _place_of(request)
    past = await alert_list.list_past(tenant_id, before=before, limit=PAST_MAX + 1)
    return page(
        request,
        "alerts/page.html",
        fragments={"alerts-more": "alerts/_more.html"},
        open_alerts=await alert_list.list_open(tenant_id),
        past=past[:PAST_MAX],
        next_before=past[PAST_MAX - 1].alert_id if len(past) > PAST_MAX else None,
        is_later=before is not None,
        titles=ALERT_TITLES,
        sends_mail=site_of(request).sends_mail,
    )


@does(f"{ALERTS}/{{alert_id:str}}/acknowledge", access="users:manage")
async def acknowledge(request: PortalRequest) -> Response[bytes]:
    """Say that the operator looks after it."""
    visit = request.auth
    alert_id = path_uuid(request, "alert_id")
    await alert_list.get_alert(visit.operator.tenant.tenant_id, alert_id)
    try:
        await alert_list.acknowledge(alert_id, by=visit.by, now=visit.now)
    except InvalidError:  # sent twice, or it was over in the meantime: the page says what it is now
        return go(request, visit.path("alerts"))
    return go(request, visit.path("alerts"), done="alert-acknowledged")


async def _place_of(request: PortalRequest) -> tuple[datetime, UUID] | None:
    """Return where the list goes on: after an alert that is over; one that is not there any more begins it anew."""
    alert_id = parse_uuid(request.query_params.get("before", ""))
    if alert_id is None:
        return None
    tenant_id = request.auth.operator.tenant.tenant_id
    alert: Alert = await alert_list.get_alert(tenant_id, alert_id)
    return None if alert.recovered_at is None else (alert.recovered_at, alert.alert_id)


HANDLERS = (show, acknowledge)
