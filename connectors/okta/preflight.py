"""Whether a pull from Okta would work: tried step by step, with the exact permission that is missing."""

import base64
from typing import Any

import msgspec

from connectors.connector import Preflight, Step
from connectors.errors import SourceError
from connectors.okta.assignments import each_assigned
from connectors.okta.client import OktaClient
from connectors.okta.config import OktaConfig
from connectors.okta.mapping import OktaMember
from connectors.steps import Steps, failed, warned


class _Organisation(msgspec.Struct):
    id: str


def scopes_for(config: OktaConfig) -> tuple[str, ...]:
    """Return the scopes that a service app needs."""
    apps = ("okta.apps.read",) if config.scope == "assigned" else ()
    return ("okta.users.read", "okta.groups.read", *apps)


async def preflight(client: OktaClient, config: OktaConfig) -> Preflight:
    """Return how far a pull would come; after a step that failed the others are skipped."""
    look = _Look(client, config)
    steps = Steps()
    await steps.take("directory", "Which organisation answers", look.organisation)
    await steps.take("credentials", "Sign in to Okta", look.sign_in)
    await steps.take("permissions", "What the credentials may do", look.permissions)
    await steps.take("users", "Read users", look.users)
    await steps.take("groups", "Read groups", look.groups)
    await steps.take("members", "Read members of groups", look.members)
    if config.scope == "assigned":
        await steps.take("scope", "Who is assigned to the application", look.scope)
    return Preflight(steps=tuple(steps.taken), identity=look.identity, identity_name=client.root.partition("://")[2])


class _Look:
    """What the steps found out."""

    def __init__(self, client: OktaClient, config: OktaConfig) -> None:
        self.identity: str | None = None
        self._client = client
        self._config = config
        self._granted: frozenset[str] = frozenset()
        self._group: str | None = None

    async def organisation(self) -> str:
        """Find out which organisation answers; anybody may ask."""
        url = f"{self._client.root}/.well-known/okta-organization"
        self.identity = (await self._client.read(url, _Organisation, bucket="other")).id
        return self.identity

    async def sign_in(self) -> str:
        """Get in."""
        if self._config.auth == "private_key":
            self._granted = scopes_of(await self._client.access_token())
            return "as a service app, by private key"
        await self._listed("users?limit=1", OktaMember, "users")
        return "by API token"

    async def permissions(self) -> Step | str:
        """Compare what was granted with what a pull needs, and refuse more than reading."""
        if self._config.auth == "token":
            remedy = "A service app with a private key has an account and a share of the rate limit of its own."
            return warned("the token acts as the administrator who made it, and ends with that account", remedy=remedy)
        missing = tuple(one for one in scopes_for(self._config) if one not in self._granted)
        if missing:
            remedy = f"Grant {', '.join(missing)} to the service app under Okta API Scopes."
            return failed("a scope is missing", remedy=remedy, missing=missing)
        return ", ".join(sorted(self._granted))

    async def users(self) -> Step | str:
        """Read somebody."""
        if not await self._listed("users?limit=1", OktaMember, "users"):
            return failed("the organisation has no users", remedy="Look whether it is the right one.")
        return "users can be read"

    async def groups(self) -> str:
        """Read a group."""
        found = await self._listed("groups?limit=1", OktaMember, "groups")
        self._group = found[0].id if found else None
        return "groups can be read" if found else "there are no groups"

    async def members(self) -> str:
        """Read a member of that group."""
        if self._group is None:
            return "there are no groups"
        await self._listed(f"groups/{self._group}/users?limit=1", OktaMember, "members")
        return "members can be read"

    async def scope(self) -> str:
        """Count who is assigned."""
        users = groups = 0
        async for assigned in each_assigned(self._client, self._config.app_id or ""):
            groups += sum(one.kind == "group" for one in assigned)
            users += sum(one.kind == "user" for one in assigned)
        return f"{users} users and {groups} groups are assigned"

    async def _listed(self, path: str, kind: type[Any], bucket: str) -> list[Any]:
        url = f"{self._client.root}/api/v1/{path}"
        return list((await self._client.list_page(url, kind, bucket=bucket, limit=1)).items)


class _Claims(msgspec.Struct):
    scp: list[str] = []


def scopes_of(token: str) -> frozenset[str]:
    """Return the scopes of an access token, unverified.

    Raises:
        SourceError: it cannot be read.
    """
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), type=_Claims)
    except ValueError as error:
        raise SourceError("protocol", "Okta gave an access token that cannot be read") from error
    return frozenset(claims.scp)
