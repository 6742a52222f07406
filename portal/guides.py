"""What each identity provider calls things, and where its administrators enter them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from directory.model import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """The words of one identity provider; ``key_label`` is what it calls the secret."""

    name: str
    endpoint_label: str
    key_label: str
    place: str
    test: str


GUIDES: Mapping[Preset, Guide] = MappingProxyType(
    {
        "entra": Guide(
            name="Microsoft Entra ID",
            endpoint_label="Tenant URL",
            key_label="Secret Token",
            place="Enterprise applications > your application > Provisioning > Admin Credentials",
            test="Choose Test Connection, then save. Provision on demand sends one person at once.",
        ),
        "okta": Guide(
            name="Okta",
            endpoint_label="Base URL",
            key_label="API Token",
            place="Applications > your application > Provisioning > Integration",
            test="Choose Test API Credentials, then save. People come from Assignments, groups from Push Groups.",
        ),
        "onelogin": Guide(
            name="OneLogin",
            endpoint_label="SCIM Base URL",
            key_label="SCIM Bearer Token",
            place="Applications > your application > Configuration > API Connection",
            test="Choose Enable, then switch provisioning on.",
        ),
        "jumpcloud": Guide(
            name="JumpCloud",
            endpoint_label="Base URL",
            key_label="Token Key",
            place="SSO Applications > your application > Identity Management",
            test="Choose Test Connection, then activate.",
        ),
        "strict": Guide(
            name="Another SCIM 2.0 client",
            endpoint_label="Endpoint",
            key_label="Token",
            place="the place where the client asks for a SCIM endpoint and a bearer token",
            test="Let it read ServiceProviderConfig, or search a person.",
        ),
    }
)
PRESETS: tuple[Preset, ...] = tuple(GUIDES)


def endpoint_for(public_url: str) -> str:
    """Return the address that every identity provider pushes to; the secret decides tenant and source."""
    return f"{public_url}/scim/v2"
