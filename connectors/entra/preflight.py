"""Whether a pull from Microsoft Graph would work: tried step by step, with the exact permission that is missing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from connectors.connector import Preflight, Secrets, Step
from connectors.entra.assignments import each_assigned
from connectors.entra.client import GraphClient, decoded
from connectors.entra.config import GraphConfig
from connectors.entra.mapping import check_shown
from connectors.entra.tokens import certificate_end, claims_of
from connectors.errors import SourceError
from connectors.steps import Steps, failed, warned

ENDING = timedelta(days=30)
EVERYTHING = "Directory.Read.All"


@dataclass(frozen=True, slots=True)
class Checked:
    """What is looked at."""

    client: GraphClient
    config: GraphConfig
    secrets: Secrets
    select: list[str]


class _Organisation(msgspec.Struct):
    id: str
    displayName: str | None = None  # noqa: N815 as Graph has it


class _Listed(msgspec.Struct):
    value: list[dict[str, Any]]


def permissions_for(config: GraphConfig) -> tuple[str, ...]:
    """Return the application permissions that a pull needs; Directory.Read.All stands for all of them."""
    scope = ("Application.Read.All",) if config.scope == "assigned" else ()
    return ("User.Read.All", "GroupMember.Read.All", *scope)


def missing_from(roles: frozenset[str], config: GraphConfig) -> tuple[str, ...]:
    """Return the permissions that are missing from a token."""
    if EVERYTHING in roles:
        return ()
    enough = {"GroupMember.Read.All": "Group.Read.All"}
    return tuple(one for one in permissions_for(config) if one not in roles and enough.get(one) not in roles)


async def preflight(checked: Checked, now: datetime) -> Preflight:
    """Return how far a pull would come; after a step that failed the others are skipped."""
    look = _Look(checked)
    steps = Steps()
    ends_at = certificate_end(checked.secrets)
    await steps.take("credentials", "Sign in to the Microsoft identity platform", lambda: look.sign_in(ends_at, now))
    await steps.take("permissions", "Application permissions", look.permissions)
    await steps.take("directory", "Which directory answers", look.directory)
    await steps.take("users", "Read users, with all that is mapped", look.users)
    await steps.take("groups", "Read groups", look.groups)
    if checked.config.scope == "assigned":
        await steps.take("scope", "Who is assigned to the enterprise application", look.scope)
    await steps.take("counts", "How many there are", look.counts)
    return Preflight(
        steps=tuple(steps.taken),
        identity=look.identity,
        identity_name=look.identity_name,
        users=look.user_count,
        groups=look.group_count,
        credential_expires_at=ends_at,
    )


class _Look:
    """What the steps found out."""

    def __init__(self, checked: Checked) -> None:
        self.identity: str | None = None
        self.identity_name = ""
        self.user_count: int | None = None
        self.group_count: int | None = None
        self._checked = checked
        self._client = checked.client
        self._roles: frozenset[str] = frozenset()

    async def sign_in(self, ends_at: datetime | None, now: datetime) -> Step | str:
        """Get a token."""
        self._roles = frozenset(claims_of(await self._client.token()).get("roles") or ())
        if ends_at is None:
            return "by client secret"
        detail = f"by certificate, valid until {ends_at:%Y-%m-%d}"
        if ends_at - now < ENDING:
            return warned(detail, remedy="Upload a new certificate soon.")
        return detail

    async def permissions(self) -> Step | str:
        """Compare what the token may do with what a pull needs, and refuse more than reading."""
        missing = missing_from(self._roles, self._checked.config)
        if missing:
            remedy = f"Grant {', '.join(missing)} as application permission, with admin consent."
            return failed("a permission is missing", remedy=remedy, missing=missing)
        writing = sorted(one for one in self._roles if "Write" in one)
        if writing:
            remedy = f"Remove {', '.join(writing)}: a pull only reads."
            return failed("the application may change the directory", remedy=remedy)
        if "Member.Read.Hidden" not in self._roles:
            remedy = "Grant Member.Read.Hidden if groups with hidden membership decide roles."
            return warned("members of groups that hide them are not seen", remedy=remedy)
        return ", ".join(sorted(self._roles))

    async def directory(self) -> str:
        """Find out which directory answers."""
        url = f"{self._client.root}/v1.0/organization?$select=id,displayName"
        found = await self._client.read(url, lambda body: decoded(body, _Organisations))
        if not found.value:
            raise SourceError("protocol", "the directory does not say which one it is")
        self.identity, self.identity_name = found.value[0].id, found.value[0].displayName or ""
        return self.identity_name or found.value[0].id

    async def users(self) -> str:
        """Read somebody, with all attributes that the rules look at."""
        select = ",".join(one for one in self._checked.select if one != "manager")
        try:
            found = await self._listed(f"users?$top=1&$select={select}")
        except SourceError as error:
            if error.kind != "protocol":
                raise
            remedy = f"Look whether the directory has all that is mapped: {select}."
            raise SourceError("config", error.words, remedy=remedy) from error
        for one in found:
            check_shown(one)
        if not found:
            raise SourceError("config", "the directory has no users", remedy="Look whether it is the right one.")
        return "all mapped attributes can be read"

    async def groups(self) -> str:
        """Read a group."""
        found = await self._listed("groups?$top=1&$select=id,displayName")
        return "groups can be read" if found else "there are no groups"

    async def scope(self) -> str:
        """Count who is assigned."""
        users = groups = 0
        async for assigned in each_assigned(self._client, self._checked.config.assigned_to):
            groups += sum(one.kind == "group" for one in assigned)
            users += sum(one.kind == "user" for one in assigned)
        return f"{users} users and {groups} groups are assigned"

    async def counts(self) -> str:
        """Count users and groups, for the progress of a pull."""
        self.user_count = await self._count("users")
        self.group_count = await self._count("groups")
        return f"{self.user_count} users, {self.group_count} groups"

    async def _count(self, what: str) -> int | None:
        url = f"{self._client.root}/v1.0/{what}/$count"
        text = await self._client.read(url, lambda body: body.decode("utf-8-sig", "replace").strip(), counted=True)
        return int(text) if text.isdecimal() else None

    async def _listed(self, path: str) -> list[dict[str, Any]]:
        url = f"{self._client.root}/v1.0/{path}"
        return (await self._client.read(url, lambda body: decoded(body, _Listed))).value


class _Organisations(msgspec.Struct):
    value: list[_Organisation]
