"""Tenants below the operator's own, for their pages: who has any, which one an address names, and words for states."""

from collections.abc import Mapping
from types import MappingProxyType

from directory.errors import NotFoundError
from directory.model import TenantId
from directory.sub_tenants.lists import TenantLine, get_child
from directory.tenant_states import State, Views
from portal.forms import path_uuid
from portal.visit import PortalRequest

STATE_BADGES: Mapping[State, tuple[str, str, str]] = MappingProxyType(
    {
        "open": ("Open", "good", "check"),
        "suspended": ("Suspended", "warn", "pause"),
        "deleted": ("Deleted", "bad", "trash"),
        "erased": ("Erased", "off", "trash"),
    }
)
"""(text, kind, icon)"""

VIEW_WORDS: Mapping[Views, str] = MappingProxyType(
    {
        "open": "At once, with a reason",
        "ask": "After an administrator of the tenant agreed",
        "closed": "Nobody from above",
    }
)
TROUBLE_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "held": ("held by the guard", "on their way out, and kept until somebody there decides"),
        "met": ("waiting in the adoption queue", "they met somebody who is there already"),
        "refused": ("refused", "a name is taken, a role is missing, or the last administrator would go"),
    }
)


def check_top(request: PortalRequest) -> None:
    """Refuse the pages to a tenant that is below another: it has none below it.

    Raises:
        NotFoundError: it is.
    """
    if request.auth.operator.tenant.parent_id is not None:
        raise NotFoundError("page", "tenants")


async def child_of(request: PortalRequest) -> TenantLine:
    """Return the tenant below that the address names.

    Raises:
        NotFoundError: there is none.
    """
    visit = request.auth
    return await get_child(TenantId(path_uuid(request, "tenant_id")), by=visit.by, now=visit.now)
