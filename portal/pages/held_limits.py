"""The limits of the guard: what a source may take away in 24 hours, what is left, and letting more pass once."""

from litestar import Response

from directory import guard_limits, sources
from directory.errors import InvalidError
from directory.guard_limits import Limits, Measure
from directory.model import SourceId
from portal.auth import does, shows
from portal.forms import Form, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest

LIMITS = "/t/{slug:str}/held/limits"
MEASURES: tuple[Measure, ...] = ("users", "roles")


@shows(LIMITS, access="settings:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the limits and what each connection has left."""
    limits = await guard_limits.read_limits(request.auth.operator.tenant.tenant_id)
    return await _page(request, Form(fields_of(limits)))


@does(LIMITS, access="settings:manage", fresh=True)
async def save(request: PortalRequest) -> Response[bytes]:
    """Set the limits for changes from now on."""
    form, visit = await read_form(request), request.auth
    limits = Limits(
        on=form.flag("on"),
        at_least=form.number("at_least", low=1, high=guard_limits.AT_LEAST_MAX),
        percent=form.number("percent", low=0, high=100),
        hold_days=form.number("hold_days", low=1, high=guard_limits.HOLD_DAYS_MAX),
    )
    if form.errors:
        return await _page(request, form)
    await guard_limits.set_limits(limits, by=visit.by, now=visit.now)
    return go(request, visit.path("held", "limits"), done="guard-limits")


@does(f"{LIMITS}/let-pass", access="settings:manage", fresh=True)
async def let_pass(request: PortalRequest) -> Response[bytes]:
    """Let one connection take away more than the limits, once."""
    form, visit = await read_form(request), request.auth
    source_id = SourceId(form.ident("source_id"))
    measure = form.choice("measure", MEASURES)
    count = form.number("count", low=1, high=guard_limits.RAISE_MAX)
    if not form.errors:
        try:
            await guard_limits.let_pass(source_id, measure, count, by=visit.by, now=visit.now)
        except InvalidError as error:
            form.errors["count"] = f"The number {error.reason}."
    if form.errors:
        return await _page(request, form)
    return go(request, visit.path("held", "limits"), done="guard-raised")


def fields_of(limits: Limits) -> dict[str, str]:
    """Return the form as it stands."""
    numbers = {name: str(getattr(limits, name)) for name in ("at_least", "percent", "hold_days")}
    return {**numbers, "on": "yes" if limits.on else "", "measure": "users"}


async def _page(request: PortalRequest, form: Form) -> Response[bytes]:
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    limits = await guard_limits.read_limits(tenant_id)
    return page(
        request,
        "held_limits/page.html",
        status_code=422 if form.errors else 200,
        form=Form({**fields_of(limits), **form.fields}) if not form.errors else _with_errors(form, limits),
        budgets=await guard_limits.list_budgets(tenant_id, now=visit.now),
        raises=await guard_limits.list_raises(tenant_id, now=visit.now),
        sources=await sources.list_sources(tenant_id),
    )


def _with_errors(form: Form, limits: Limits) -> Form:
    """Return the sent form over what holds: of the two forms of the page only one was sent."""
    whole = Form({**fields_of(limits), **form.fields})
    whole.errors |= form.errors
    return whole


HANDLERS = (show, save, let_pass)
