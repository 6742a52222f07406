"""Overview: is provisioning set up, and does it live."""

from dataclasses import dataclass

from litestar import Response

from directory import accounts, groups, mappings, secret_keys, sources, traffic
from directory.accounts import AccountFilter
from directory.mappings import Policy
from directory.model import Source, TenantId
from directory.query import Window
from portal.auth import shows
from portal.rendering import page
from portal.visit import PortalRequest, Visit

FAILED_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many people and groups there are."""

    active: int
    disabled: int
    locked: int
    groups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of setting up; ``done`` is read from facts, not from clicks."""

    title: str
    hint: str
    path: str
    done: bool


@shows("/t/{slug:str}/overview", access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show connections, counts, and what is left to set up."""
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    connections = await sources.list_sources(tenant_id)
    counts = await _counts(tenant_id)
    policy = await mappings.get_policy(tenant_id)
    steps = steps_for(
        visit, connections=connections, has_secret=await _has_secret(visit, connections), counts=counts, policy=policy
    )
    failed = await traffic.list_requests(tenant_id, limit=FAILED_MAX, failed_only=True)
    return page(
        request, "overview/page.html", connections=connections, counts=counts, policy=policy, steps=steps, failed=failed
    )


def steps_for(
    visit: Visit, *, connections: list[Source], has_secret: bool, counts: Counts, policy: Policy
) -> list[Step]:
    """Return the steps of setting up, ticked by evidence."""
    scim = visit.path("configure-scim")
    asked = any(source.last_request_at is not None for source in connections)
    people = any(source.last_change_at is not None for source in connections) and counts.active + counts.disabled > 1
    return [
        Step(title="Create a connection", hint="Choose your identity provider.", path=scim, done=bool(connections)),
        Step(title="Create its secret", hint="Paste it into the identity provider.", path=scim, done=has_secret),
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
            done=people,
        ),
        Step(
            title="Map groups to access roles",
            hint="Push a group, then give it a role.",
            path=visit.path("group-mappings"),
            done=bool(policy.lines),
        ),
    ]


async def _counts(tenant_id: TenantId) -> Counts:
    group_count = (await groups.list_groups(tenant_id, None, None, Window(limit=0))).total
    everyone = await accounts.count_accounts(tenant_id, AccountFilter())
    disabled = await accounts.count_accounts(tenant_id, AccountFilter(status="disabled"))
    return Counts(
        active=everyone - disabled,
        disabled=disabled,
        locked=await accounts.count_accounts(tenant_id, AccountFilter(origin="lock")),
        groups=group_count,
    )


async def _has_secret(visit: Visit, connections: list[Source]) -> bool:
    for source in connections:
        kept = await secret_keys.list_secrets(source.tenant_id, source.source_id)
        if any(secret.state(visit.now) in {"active", "retiring"} for secret in kept):
            return True
    return False


HANDLERS = (show,)
