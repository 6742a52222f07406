"""Writes that follow from what a role may do."""

from directory.model import Actor
from directory.plan import EndSigninsOfRole
from directory.store.compiled import Statement
from directory.store.unit import execute

_HOLDERS = "SELECT id FROM user_row WHERE tenant_id = $1::uuid AND role_id = $2::uuid"
_END_SESSIONS = Statement(
    "UPDATE web_session_row SET ended_at = $3::timestamptz"
    f" WHERE tenant_id = $1::uuid AND ended_at IS NULL AND user_id IN ({_HOLDERS})"
)
_END_LINKS = Statement(
    "UPDATE signin_link_row SET used_at = $3::timestamptz"
    f" WHERE tenant_id = $1::uuid AND used_at IS NULL AND user_id IN ({_HOLDERS})"
)
_END_STEPS = Statement(
    "UPDATE signin_step_row SET used_at = $3::timestamptz"
    f" WHERE tenant_id = $1::uuid AND used_at IS NULL AND user_id IN ({_HOLDERS})"
)


async def end_signins_of_role(change: EndSigninsOfRole, by: Actor) -> None:
    """End the web sessions, unused links and sign-ins half way of everybody who has the role."""
    await execute(_END_SESSIONS, by.tenant_id, change.role_id, change.at, unbounded=True)
    await execute(_END_LINKS, by.tenant_id, change.role_id, change.at, unbounded=True)
    await execute(_END_STEPS, by.tenant_id, change.role_id, change.at, unbounded=True)
