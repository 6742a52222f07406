"""Overview: does provisioning live, how many people are there, and what waits for somebody."""

from dataclasses import dataclass

from litestar import Response

from directory import activity, alert_recipients, mappings, overview, schedules
from directory.activity import RequestFilter
from directory.mappings import Policy
from directory.overview import Overview
from directory.report_equipment import EQUIPMENT
from portal.attention_words import task_for
from portal.auth import shows
from portal.rendering import page
from portal.run_cards import pulling_now
from portal.times import day
from portal.visit import PortalRequest, Visit

FAILED_MAX = 5
CHART_KINDS = (("Created", "good"), ("Updated", "accent"), ("Disabled", "warn"), ("Failed", "bad"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of setting up; ``done`` is read from facts, not from clicks."""

    title: str
    hint: str
    path: str
    done: bool


@shows("/t/{slug:str}/overview", access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show connections, counts, what waits for somebody, and what is left to set up."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    found = await overview.get_overview(tenant_id, now=visit.now)
    policy = await mappings.get_policy(tenant_id)
    failed = await activity.list_requests(tenant_id, RequestFilter(result="failed"), before=None, limit=FAILED_MAX)
    return page(
        request,
        "overview/page.html",
        found=found,
        policy=policy,
        steps=[*steps_for(visit, found, policy), *await telling_steps_for(visit)],
        tasks=[task_for(one, visit) for one in found.attention],
        kinds=CHART_KINDS,
        points=chart_points(found),
        failed=failed.entries,
        pulling=await pulling_now([pulse.source for pulse in found.pulses]),
    )


@shows("/t/{slug:str}/attention", access="portal:view")
async def show_attention(request: PortalRequest) -> Response[bytes]:
    """Show what waits for somebody."""
    visit = request.auth
    waiting = await overview.list_attention(visit.operator.tenant.tenant_id, now=visit.now)
    return page(
        request,
        "overview/attention.html",
        tasks=[task_for(one, visit) for one in waiting],
    )


def chart_points(found: Overview) -> list[tuple[str, list[int]]]:
    """Return the last days with their counts, in the order of ``CHART_KINDS``."""
    return [(day(one.day), [one.created, one.updated, one.disabled, one.failed]) for one in found.days]


def steps_for(visit: Visit, found: Overview, policy: Policy) -> list[Step]:
    """Return the steps of setting up, ticked by evidence."""
    return [
        *(_fed_steps_for if _is_fed(visit, found) else _connecting_steps_for)(visit, found),
        Step(
            title="Map groups to access roles",
            hint="Push a group, then give it a role.",
            path=visit.path("group-mappings"),
            done=bool(policy.lines),
        ),
        Step(
            title="Have a second administrator",
            hint="One of them local, outside of every feed.",
            path=visit.path("sub-accounts"),
            done=not any(one.kind in {"one_administrator", "no_local_administrator"} for one in found.attention),
        ),
    ]


def _is_fed(visit: Visit, found: Overview) -> bool:
    """Whether people come by the rules of a super tenant, and by no connection of the tenant's own."""
    return visit.operator.tenant.parent_id is not None and all(one.source.kind == "routed" for one in found.pulses)


def _fed_steps_for(visit: Visit, found: Overview) -> list[Step]:
    return [
        Step(
            title="Receive the first people",
            hint="Rules of the super tenant lead them here. There is nothing to connect.",
            path=visit.path("sub-accounts"),
            done=bool(found.pulses),
        )
    ]


def _connecting_steps_for(visit: Visit, found: Overview) -> list[Step]:
    scim = visit.path("configure-scim")
    usable = [secret.state(visit.now) in {"active", "retiring"} for pulse in found.pulses for secret in pulse.secrets]
    pulled = [pulse.source for pulse in found.pulses if pulse.source.kind != "scim"]
    usable.append(bool(pulled))
    asked = any(pulse.last_seen_at is not None for pulse in found.pulses) or any(one.last_change_at for one in pulled)
    people = any(pulse.source.last_change_at is not None for pulse in found.pulses)
    return [
        Step(title="Create a connection", hint="Choose your identity provider.", path=scim, done=bool(found.pulses)),
        Step(title="Create its secret", hint="Paste it into the identity provider.", path=scim, done=any(usable)),
        Step(
            title="Receive the first request",
            hint="Test the connection in the identity provider.",
            path=visit.path("activity", "requests"),
            done=asked,
        ),
        Step(
            title="Receive the first people",
            hint="Assign people to the application and start provisioning.",
            path=visit.path("sub-accounts"),
            done=people and found.counts.active + found.counts.disabled > 1,
        ),
    ]


async def telling_steps_for(visit: Visit) -> list[Step]:
    """Return the steps by which somebody gets to know: of leavers with equipment, and of what goes wrong."""
    tenant_id = visit.operator.tenant.tenant_id
    return [
        Step(
            title="Have the equipment report mailed",
            hint="Who left and still has equipment, every week, to whoever collects it.",
            path=visit.path("reports", EQUIPMENT.key),
            done=await schedules.has_schedule(tenant_id, EQUIPMENT.key),
        ),
        Step(
            title="Say who gets alerts",
            hint="A connection that fails or falls silent, held changes, a secret that ends.",
            path=visit.path("alerts"),
            done=bool(await alert_recipients.list_recipients(tenant_id)),
        ),
    ]


HANDLERS = (show, show_attention)
