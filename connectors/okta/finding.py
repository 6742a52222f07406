"""One person of Okta, asked for by name: connected, found, in scope."""

import re
from typing import Any
from urllib.parse import quote

import msgspec

from connectors.attribute_rules import Mapper
from connectors.connector import Finding, Step
from connectors.okta.client import OktaClient
from connectors.okta.config import OktaConfig
from connectors.okta.mapping import OktaMember, user_record
from connectors.records import Record
from connectors.steps import failed, looked_for

_KEY = re.compile(r"[^\s/\\?]{1,320}")


class _Assignment(msgspec.Struct):
    id: str
    scope: str = "USER"


async def find_user(client: OktaClient, config: OktaConfig, mapper: Mapper, key: str) -> Finding:
    """Return a person by login or id, with the steps that led there."""
    connect = "Connect to Okta" if config.auth == "private_key" else None
    return await looked_for(_Look(client, config, mapper, key.strip()), connect=connect)


class _Look:
    """What the steps found out."""

    def __init__(self, client: OktaClient, config: OktaConfig, mapper: Mapper, key: str) -> None:
        self.record: Record | None = None
        self.groups: tuple[str, ...] = ()
        self._client = client
        self._config = config
        self._mapper = mapper
        self._key = key

    async def connected(self) -> str:
        """Get in."""
        await self._client.access_token()
        return "as a service app"

    async def found(self) -> Step | str:
        """Read the user, and the groups that have them."""
        if not _KEY.fullmatch(self._key) or set(self._key) == {"."}:
            return failed("this is no name of a user", remedy="Enter a login or an id.")
        url = f"{self._client.root}/api/v1/users/{quote(self._key, safe='@')}"
        user = await self._client.find(url, dict[str, Any], bucket="user")
        if user is None:
            return failed("there is no such user", remedy="Okta finds people by login and by id.")
        made = user_record(user, self._mapper, staged=self._config.staged)
        if not isinstance(made, Record):
            return failed(made.reason)
        groups = f"{self._client.root}/api/v1/users/{made.ext_id}/groups"
        listed = await self._client.list_page(groups, OktaMember, bucket="other", limit=1_000_000)
        self.groups = tuple(one.id for one in listed.items)
        self.record = made
        return made.ext_id

    async def scoped(self) -> Step | str:
        """Tell whether the user is meant."""
        if self.record is None or self.record.op == "out_of_scope":
            return failed(self.record.reason if self.record else "")
        if self._config.scope == "all":
            return "everybody is"
        url = f"{self._client.root}/api/v1/apps/{self._config.app_id}/users/{self.record.ext_id}"
        assigned = await self._client.find(url, _Assignment, bucket="apps")
        if assigned is None:
            remedy = "Assign the user, or a group that has the user, to the application."
            return failed("not assigned to the application", remedy=remedy)
        return "assigned directly" if assigned.scope == "USER" else "by a group"
