"""How a connection to Microsoft Graph is configured, and which clouds there are."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from connectors.errors import SourceError

Cloud = Literal["global", "usgov_l4", "usgov_l5", "china"]

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DOMAIN = re.compile(r"(?=.{4,253}\Z)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a cloud signs in and where its Graph is; nothing else is ever reached."""

    authority: str
    graph: str


# https://learn.microsoft.com/graph/deployments, https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
CLOUDS: dict[Cloud, Endpoints] = {
    "global": Endpoints("https://login.microsoftonline.com", "https://graph.microsoft.com"),
    "usgov_l4": Endpoints("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "usgov_l5": Endpoints("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    "china": Endpoints("https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"),
}


class GraphConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One directory (tenant) of Entra ID, and which of its people are meant."""

    tenant: Annotated[str, Meta(description="Directory (tenant) id, or a verified domain of it.")]
    client_id: Annotated[str, Meta(description="Application (client) id of the app registration.")]
    cloud: Annotated[Cloud, Meta(description="Where the directory is: the worldwide service, or a national cloud.")] = (
        "global"
    )
    scope: Annotated[
        Literal["all", "assigned"],
        Meta(description="Everybody, or who is assigned to the enterprise application: directly, or by a group."),
    ] = "all"
    application_id: Annotated[
        str | None, Meta(description="Whose assignments count; the app registration's own if it is left empty.")
    ] = None
    guests: Annotated[bool, Meta(description="Whether guests are taken over, too.")] = False
    nested: Annotated[
        Literal["direct", "transitive"],
        Meta(
            description="Whether members of groups inside a group count as its members, and are assigned with it."
            " Entra's own provisioning says no."
        ),
    ] = "direct"

    @property
    def assigned_to(self) -> str:
        """The application whose assignments count."""
        return self.application_id or self.client_id


def check_config(config: GraphConfig) -> None:
    """Refuse what cannot be a directory.

    Raises:
        SourceError: an id is none.
    """
    if not (_GUID.fullmatch(config.tenant) or _DOMAIN.fullmatch(config.tenant)):
        raise SourceError("config", "tenant is neither a directory id nor a domain")
    for name in ("client_id", "application_id"):
        value = getattr(config, name)
        if value is not None and not _GUID.fullmatch(value):
            raise SourceError("config", f"{name} is no application id")
