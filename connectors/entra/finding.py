"""One person of Microsoft Graph, asked for by name: connected, found, in scope."""

import re
from typing import Any
from urllib.parse import quote

import msgspec

from connectors.attribute_rules import Mapper
from connectors.connector import Finding, Step
from connectors.entra.assignments import each_assigned
from connectors.entra.client import GraphClient, Part, decoded
from connectors.entra.config import GraphConfig
from connectors.entra.mapping import selected_for, user_record
from connectors.records import Record
from connectors.steps import failed, looked_for

_KEY = re.compile(r"[^\s/\\?]{1,320}")


class _Groups(msgspec.Struct):
    value: list[dict[str, Any]]


async def find_user(client: GraphClient, config: GraphConfig, mapper: Mapper, key: str) -> Finding:
    """Return a person by user principal name or object id, with the steps that led there."""
    return await looked_for(_Look(client, config, mapper, key.strip()), connect="Connect to Microsoft Graph")


class _Look:
    """What the steps found out."""

    def __init__(self, client: GraphClient, config: GraphConfig, mapper: Mapper, key: str) -> None:
        self.record: Record | None = None
        self.groups: tuple[str, ...] = ()
        self._client = client
        self._config = config
        self._mapper = mapper
        self._key = key

    async def connected(self) -> str:
        """Get in."""
        await self._client.token()
        return ""

    async def found(self) -> Step | str:
        """Read the user, the manager, and the groups that have the user: one request."""
        if not _KEY.fullmatch(self._key) or set(self._key) == {"."}:
            return failed("this is no name of a user", remedy="Enter a user principal name or an object id.")
        path = f"/users/{quote(self._key, safe='@')}"
        select = ",".join(one for one in selected_for(self._mapper) if one != "manager")
        walk = "transitiveMemberOf" if self._config.nested == "transitive" else "memberOf"
        asked = [f"{path}?$select={select}", f"{path}/manager?$select=id", f"{path}/{walk}?$select=id&$top=999"]
        parts = await self._client.read_each(asked)
        user, manager, groups = [parts[one] for one in asked]
        if user.status == 404:
            remedy = "Deleted users are found for 30 days under Deleted users in Entra."
            return failed("there is no such user", remedy=remedy)
        found = decoded(bytes(user.body), dict[str, Any])
        found["manager@delta"] = [] if manager.status == 404 else [decoded(bytes(manager.body), dict[str, Any])]
        made = user_record(found, self._mapper, guests=self._config.guests, whole=True)
        if not isinstance(made, Record):
            return failed(made.reason)
        self.record, self.groups = made, _group_ids(groups)
        return made.ext_id

    async def scoped(self) -> Step | str:
        """Tell whether the user is meant."""
        if self.record is None or self.record.op == "out_of_scope":
            return failed(self.record.reason if self.record else "")
        if self._config.scope == "all":
            return "everybody is"
        meant = {self.record.ext_id, *self.groups}
        async for assigned in each_assigned(self._client, self._config.assigned_to):
            for one in assigned:
                if one.ext_id in meant:
                    return "assigned directly" if one.kind == "user" else f"by the group {one.ext_id}"
        remedy = "Assign the user, or a group that has the user directly, to the enterprise application."
        return failed("not assigned to the application", remedy=remedy)


def _group_ids(part: Part) -> tuple[str, ...]:
    listed = decoded(bytes(part.body), _Groups).value if part.status < 400 else []
    return tuple(str(one["id"]) for one in listed if one.get("@odata.type") == "#microsoft.graph.group")
