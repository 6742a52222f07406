"""The operator: a user while signed in to the portal."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from directory.entering import actor_of
from directory.model import AccessRole, Actor, RoleId, Tenant, TenantId, User, UserId
from directory.plan import Plan, joined_plan
from directory.plan_signins import Renewed, plan_closed, plan_no_links
from directory.scoped_view_model import ScopedView, permitted
from directory.store import access, entries, people, scoped_views
from directory.store.entries import Person
from directory.tokens import digest_of
from directory.visitor import Visitor, Way

IDLE_MAX = timedelta(minutes=30)
SESSION_LIFETIME = timedelta(hours=12)
FRESH = timedelta(minutes=10)
"""So long after signing in, or confirming who one is, the weightier deeds need no further proof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A user while signed in to the portal."""

    tenant: Tenant
    user: User
    role: AccessRole
    csrf_key: bytes = field(repr=False)
    session_id: UUID
    signed_in_at: datetime
    confirmed_at: datetime
    """When the operator last showed who it is: at sign-in, or since."""
    way: Way
    second_factor: bool
    session_role_id: RoleId
    """The role that the session was begun or last renewed with."""
    view: ScopedView | None = None
    """The view through which the operator looks into ``tenant``, which is then below the operator's own."""
    home: "Operator | None" = None
    """The operator in the own tenant, where this is a view."""

    @property
    def own(self) -> "Operator":
        """The operator in the own tenant: whose sign-in, proofs and account these are."""
        return self if self.home is None else self.home

    def confirmed(self, now: datetime) -> "Operator":
        """Return the operator as one who has just shown who it is."""
        home = None if self.home is None else self.home.confirmed(now)
        return replace(self, confirmed_at=now, home=home)

    def is_fresh(self, now: datetime) -> bool:
        """Whether the operator showed within the last minutes who it is."""
        return now - self.confirmed_at < FRESH

    def came_by_link(self, now: datetime) -> bool:
        """Whether the session was opened by a one-time link just now: then no former password is asked for."""
        return self.way == "link" and now - self.signed_in_at < FRESH

    @property
    def has_new_role(self) -> bool:
        """Whether the role changed since the session began: it goes on under a new token."""
        return self.session_role_id != self.role.role_id

    def renewed(self, *, token: str, new_token: str) -> Renewed:
        """Return the session as it goes on under a new token."""
        return Renewed(
            session_id=self.session_id,
            digest=digest_of(new_token),
            former=digest_of(token),
            role_id=self.role.role_id,
        )

    def is_let_in(self, visitor: Visitor) -> bool:
        """Whether the session was begun with all that the present role asks for."""
        return self.second_factor or not visitor.must_have_factor(self.role)


def operator_actor(operator: Operator) -> Actor:
    """Return the operator as the cause of a change; in a view a guest, whose label names the super tenant too."""
    by = actor_of(Person(tenant=operator.tenant, user=operator.user, role=operator.role))
    if operator.home is None:
        return by
    return replace(by, label=guest_label(by.label, operator.home.tenant), visiting=True)


def guest_label(label: str, tenant: Tenant) -> str:
    """Return how somebody of another tenant is named: nothing else of that person is told."""
    return f"{label} ({tenant.name})"


def looking_through(operator: Operator, view: ScopedView, tenant: Tenant) -> Operator | None:
    """Return the operator as seen in ``tenant``, with what the view and the own role both allow; None for nothing."""
    permissions = permitted(view.level, operator.role.permissions)
    if not permissions:
        return None
    role = replace(operator.role, permissions=permissions)
    return replace(operator, tenant=tenant, role=role, view=view, home=operator)


async def find_actor(tenant_id: TenantId, user_id: UserId, label: str) -> Actor:
    """Return whoever asked for something earlier, with the permissions that are left now: perhaps none.

    That is somebody of the tenant, or a guest as long as the view is open.
    """
    user = await people.find_user(tenant_id, user_id)
    by = Actor(tenant_id=tenant_id, kind="operator", label=label, user_id=user_id)
    if user is None:
        permissions = await scoped_views.find_guest_permissions(tenant_id, user_id)
        return replace(by, permissions=permissions, visiting=True)
    role = await access.find_role(tenant_id, user.decision.role_id) if user.active else None
    return by if role is None else replace(by, permissions=role.permissions)


async def find_other_ways_plan(operator: Operator, *, now: datetime) -> Plan:
    """Return the plan that ends what is open besides this session: other sessions, unused links, sign-ins half way."""
    by, user_id = operator_actor(operator), operator.user.user_id
    others = await entries.list_live_session_ids(
        by.tenant_id, user_id, but=operator.session_id, begun_after=now - SESSION_LIFETIME
    )
    return joined_plan(plan_closed(others, by=by, now=now), plan_no_links(user_id, by=by, now=now))
