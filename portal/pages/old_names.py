"""Addresses that follow the words of other products' guides; each leads to its place here."""

from litestar import Response

from portal.auth import shows
from portal.rendering import go
from portal.visit import PortalRequest

CONFIGURE_SCIM_NAMES = (
    "/t/{slug:str}/settings/integrations",
    "/t/{slug:str}/settings/integrations/configure-scim",
    "/t/{slug:str}/settings/saml-settings",
    "/t/{slug:str}/settings/saml-settings/configure-scim",
    "/t/{slug:str}/settings/manage-scim",
    "/t/{slug:str}/manage-scim",
    "/t/{slug:str}/setup-scim",
    "/t/{slug:str}/configuration/authentication-settings",
    "/t/{slug:str}/configuration/authentication-settings/setup-scim",
)


@shows(CONFIGURE_SCIM_NAMES, access="portal:view")
async def lead_to_configure_scim(request: PortalRequest) -> Response[bytes]:
    """Lead to Configure SCIM, whatever the guide at hand calls it."""
    return go(request, request.auth.path("configure-scim"))


@shows(("/t/{slug:str}/settings/sub-accounts", "/t/{slug:str}/users"), access="portal:view")
async def lead_to_sub_accounts(request: PortalRequest) -> Response[bytes]:
    """Lead to Sub Accounts, also known as the Users tab."""
    return go(request, request.auth.path("sub-accounts"))


@shows("/t/{slug:str}/user-groups", access="portal:view")
async def lead_to_groups(request: PortalRequest) -> Response[bytes]:
    """Lead to Groups, also known as User Groups."""
    return go(request, request.auth.path("groups"))


@shows("/t/{slug:str}/default-access-role", access="portal:view")
async def lead_to_group_mappings(request: PortalRequest) -> Response[bytes]:
    """Lead to Group Mappings, whose last line is the Default Access Role."""
    return go(request, request.auth.path("group-mappings"))


HANDLERS = (lead_to_configure_scim, lead_to_sub_accounts, lead_to_groups, lead_to_group_mappings)
