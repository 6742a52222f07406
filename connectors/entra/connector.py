"""The connector to Entra ID."""

from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec

from connectors.attribute_rules import Mapper, Rules, check_rules
from connectors.connector import Finding, Mode, Preflight, Secrets
from connectors.entra.assignments import each_assigned
from connectors.entra.chains import chain_key, each_chain_page, objects_of
from connectors.entra.client import GraphClient, decoded
from connectors.entra.config import CLOUDS, Endpoints, GraphConfig, check_config
from connectors.entra.finding import find_user
from connectors.entra.mapping import edges_of, group_from, group_record, selected_for, user_record
from connectors.entra.preflight import Checked, preflight
from connectors.entra.tokens import GraphTokens, check_secrets
from connectors.errors import SourceError
from connectors.records import Done, Page, Record, Reject
from connectors.terms import Terms

FILTERED_MAX = 50
"""Ids that the filter of a delta query takes."""

MANAGERS_ASKED_MAX = 2000
"""Of a delta, in hundred batches; of more the daily full pull finds out."""


class Graph:
    """Users and groups of one directory of Entra ID, by the delta queries of Microsoft Graph v1.0."""

    def __init__(
        self,
        config: GraphConfig,
        secrets: Secrets,
        rules: Rules,
        terms: Terms,
        *,
        endpoints: Endpoints | None = None,
    ) -> None:
        """Make a connection; nothing is sent yet.

        Raises:
            SourceError: the configuration, the credentials or the rules cannot work.
        """
        check_config(config)
        check_secrets(secrets)
        check_rules(rules)
        self._config = config
        self._secrets = secrets
        self._mapper = Mapper(rules)
        # Another mapping of the same attributes needs everybody anew, too: values are made while pages are read.
        self._rules_key = chain_key(rules, config)
        elsewhere = terms.network.graph_at
        at = endpoints or (Endpoints(*elsewhere) if elsewhere else CLOUDS[config.cloud])
        self._client = GraphClient(at.graph, GraphTokens(config, secrets, at, terms.network.tls), terms)
        self._groups_meant: frozenset[str] | None = None
        self._managers_asked = 0

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def stages(self, mode: Mode) -> tuple[tuple[str, ...], ...]:
        """Give the streams of a pull; they are the same for a delta and for everything."""
        del mode
        chains = ("users", "groups")
        return (("scope",), chains) if self._config.scope == "assigned" else (chains,)

    def pages(self, stream: str, cursor: str | None) -> AsyncIterator[Page | Done]:
        """Give a stream: pages, and at the very end one Done."""
        match stream:
            case "users":
                return self._users(cursor)
            case "groups":
                return self._groups(cursor)
            case "scope":
                return self._scope()
            case _:
                raise SourceError("config", f"there is no stream {stream[:20]}")

    async def preflight(self, now: datetime) -> Preflight:
        """Try everything that a pull needs."""
        return await preflight(Checked(self._client, self._config, self._secrets, selected_for(self._mapper)), now)

    async def find_user(self, key: str) -> Finding:
        """Give one person by user principal name or object id."""
        return await find_user(self._client, self._config, self._mapper, key)

    def _users(self, cursor: str | None) -> AsyncIterator[Page | Done]:
        select = ",".join(selected_for(self._mapper))
        start = f"{self._client.root}/v1.0/users/delta?$select={select}"
        key = chain_key("users", self._rules_key, select)
        return each_chain_page(self._client, start, key=key, cursor=cursor, read=self._read_users)

    async def _read_users(self, value: list[msgspec.Raw], whole: bool) -> Page:  # noqa: FBT001 as a Reader is called
        found = objects_of(value)
        if not whole and "manager" in self._mapper.inputs:
            await self._ask_for_managers(found)
        records: list[Record] = []
        rejects: list[Reject] = []
        for one in found:
            made = user_record(one, self._mapper, guests=self._config.guests, whole=whole)
            (records if isinstance(made, Record) else rejects).append(made)  # type: ignore[arg-type]  # one of both
        return Page(records=records, rejects=rejects, resume="")

    async def _ask_for_managers(self, found: list[dict[str, Any]]) -> None:
        """Fill in managers of a later round, where Graph leaves them out though they changed."""
        unsaid = [one for one in found if "manager@delta" not in one and "@removed" not in one]
        unsaid = unsaid[: max(0, MANAGERS_ASKED_MAX - self._managers_asked)]
        self._managers_asked += len(unsaid)
        paths = {f"/users/{quote(one['id'])}/manager?$select=id": one for one in unsaid}
        for path, part in (await self._client.read_each(list(paths))).items():
            manager = decoded(bytes(part.body), dict[str, Any]) if part.status < 400 else None
            paths[path]["manager@delta"] = [manager] if manager else []

    async def _groups(self, cursor: str | None) -> AsyncIterator[Page | Done]:
        meant = await self._meant()
        if meant is not None and not meant:
            yield Done(whole=True, checkpoint=None)
            return
        start = f"{self._client.root}/v1.0/groups/delta?$select=id,displayName,members"
        if meant is not None and len(meant) <= FILTERED_MAX:
            wanted = " or ".join(f"id eq '{one}'" for one in sorted(meant))
            start += f"&$filter={quote(wanted)}"
        key = chain_key("groups", self._rules_key, sorted(meant or ()))
        read = partial(_read_groups, meant)
        async for item in each_chain_page(self._client, start, key=key, cursor=cursor, read=read):
            yield item

    async def _meant(self) -> frozenset[str] | None:
        """Return the groups that are meant; None for all, also where groups inside others count."""
        if self._config.scope == "all" or self._config.nested == "transitive":
            return None
        if self._groups_meant is None:
            async for _ in self._scope():
                pass
        return self._groups_meant

    async def _scope(self) -> AsyncIterator[Page | Done]:
        groups: set[str] = set()
        count = 0
        async for assigned in each_assigned(self._client, self._config.assigned_to):
            groups.update(one.ext_id for one in assigned if one.kind == "group")
            count += len(assigned)
            # Short enough to be read again after a crash.
            yield Page(assigned=assigned, resume="")
        self._groups_meant = frozenset(groups)
        yield Done(whole=True, checkpoint=None, objects=count)


async def _read_groups(meant: frozenset[str] | None, value: list[msgspec.Raw], whole: bool) -> Page:  # noqa: FBT001 as a Reader is called
    del whole
    records: list[Record] = []
    rejects: list[Reject] = []
    edges = []
    for one in value:
        group = group_from(bytes(one))
        if isinstance(group, Reject):
            rejects.append(group)
            continue
        if meant is not None and group.id not in meant:
            continue
        made = group_record(group)
        (records if isinstance(made, Record) else rejects).append(made)  # type: ignore[arg-type]  # one of both
        edges += edges_of(group)
    return Page(records=records, rejects=rejects, edges=edges, resume="")
