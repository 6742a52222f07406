"""Connections that are pulled, in words: their fields, their choices, their checks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from directory.pulls.kinds import Outcome

FIELD_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "tenant": "Directory (tenant) ID",
        "client_id": "Client ID",
        "cloud": "Cloud",
        "scope": "Who is meant",
        "application_id": "Enterprise application",
        "guests": "Guests too",
        "nested": "Groups in groups",
        "org_url": "Okta address",
        "auth": "Signs in with",
        "key_id": "Key ID",
        "app_id": "Application",
        "staged": "People who were never activated",
        "reserve_pct": "Reserve of the rate limits, in percent",
        "parallel": "Groups read side by side",
    }
)
CHOICE_WORDS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("cloud", "global"): "Worldwide",
        ("cloud", "usgov_l4"): "US Government L4",
        ("cloud", "usgov_l5"): "US Government L5 (DoD)",
        ("cloud", "china"): "China (21Vianet)",
        ("scope", "all"): "Everybody",
        ("scope", "assigned"): "Who is assigned to the application",
        ("nested", "direct"): "Direct members only",
        ("nested", "transitive"): "Members of inner groups, too",
        ("auth", "private_key"): "Key pair of a service app",
        ("auth", "token"): "API token",
    }
)
CREDENTIAL_HINTS: Mapping[str, str] = MappingProxyType(
    {
        "client_secret": "The value, not its ID. Leave it empty if you use a certificate.",
        "certificate": "As uploaded to the app registration.",
        "private_key": "RSA, without a pass phrase.",
        "token": "Only if the connection signs in with a token.",
    }
)
OUTCOMES: Mapping[Outcome, tuple[str, str, str]] = MappingProxyType(
    {
        "passed": ("Passed", "good", "check"),
        "warned": ("Passed, but", "warn", "warn"),
        "failed": ("Failed", "bad", "cross"),
        "skipped": ("Not reached", "off", "ring"),
    }
)
"""Word, colour and sign."""

STAGES: Mapping[Outcome, Literal["done", "wrong", "skipped"]] = MappingProxyType(
    {"passed": "done", "warned": "done", "failed": "wrong", "skipped": "skipped"}
)


SET_UP: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "graph": (
            "In the Microsoft Entra admin center open App registrations > New registration, for this directory alone.",
            "Under API permissions add the application permissions User.Read.All and GroupMember.Read.All of Graph.",
            "Add Application.Read.All as well if only who is assigned is meant.",
            "Choose Grant admin consent. Permissions that write are refused: a pull only reads.",
            "Under Certificates & secrets upload a certificate, or make a client secret.",
        ),
        "okta": (
            "In the Okta Admin Console open Applications > Create App Integration > API Services.",
            "Under Client Credentials choose Public key / Private key, and add a key. Turn DPoP off.",
            "Under Okta API Scopes grant okta.users.read and okta.groups.read.",
            "Grant okta.apps.read as well if only who is assigned is meant.",
            "Give the application the role Read-only Administrator.",
        ),
    }
)
"""What to do at the provider before a connection is made here."""


def field_label(name: str) -> str:
    """Return what a field is called; one of another package's connector by its own name."""
    return FIELD_LABELS.get(name, name.replace("_", " ").capitalize())


def choice_words(name: str, value: str) -> str:
    """Return a choice of a field in words."""
    return CHOICE_WORDS.get((name, value), value.replace("_", " ").capitalize())
