"""The connector to Okta."""

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime

from connectors.attribute_rules import Mapper, Rules, check_rules
from connectors.connector import Finding, Mode, Preflight, Secrets
from connectors.errors import SourceError
from connectors.okta.assignments import each_assigned
from connectors.okta.client import OktaClient
from connectors.okta.config import OktaConfig, check_config, credentials_from
from connectors.okta.finding import find_user
from connectors.okta.preflight import preflight
from connectors.okta.transport import OktaTransport
from connectors.okta.walks import Meant, each_groups_page, each_users_page
from connectors.records import Done, Page
from connectors.terms import Terms


class Okta:
    """Users, groups and members of one organisation of Okta."""

    def __init__(self, config: OktaConfig, secrets: Secrets, rules: Rules, terms: Terms) -> None:
        """Make a connection; nothing is sent yet.

        Raises:
            SourceError: the configuration, the credentials or the rules cannot work.
        """
        check_config(config, private=terms.network.private_addresses)
        check_rules(rules)
        self._config = config
        self._mapper = Mapper(rules)
        root = config.org_url.strip().rstrip("/")
        credentials = credentials_from(config, secrets)
        transport = OktaTransport(root, credentials, terms.network, apps=config.scope == "assigned")
        self._client = OktaClient(root, transport, terms, reserve_pct=config.reserve_pct)
        # Values are made while pages are read: another mapping needs everybody anew.
        self._rules_key = _key_of(rules, root, config.staged)
        self._groups_meant: frozenset[str] | None = None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def stages(self, mode: Mode) -> tuple[tuple[str, ...], ...]:
        """Give the streams of a pull; they are the same for a delta and for everything."""
        del mode
        walks = ("users", "groups")
        return (("scope",), walks) if self._config.scope == "assigned" else (walks,)

    def pages(self, stream: str, cursor: str | None) -> AsyncIterator[Page | Done]:
        """Give a stream: pages, and at the very end one Done."""
        match stream:
            case "users":
                key = _key_of("users", self._rules_key)
                staged = self._config.staged
                return each_users_page(self._client, self._mapper, key=key, cursor=cursor, staged=staged)
            case "groups":
                return self._groups(cursor)
            case "scope":
                return self._scope()
            case _:
                raise SourceError("config", f"there is no stream {stream[:20]}")

    async def preflight(self, now: datetime) -> Preflight:
        """Try everything that a pull needs."""
        del now
        return await preflight(self._client, self._config)

    async def find_user(self, key: str) -> Finding:
        """Give one person by login or id."""
        return await find_user(self._client, self._config, self._mapper, key)

    async def _groups(self, cursor: str | None) -> AsyncIterator[Page | Done]:
        ids = await self._meant()
        key = _key_of("groups", self._rules_key, sorted(ids or ()), ids is None)
        meant = Meant(ids, self._config.parallel)
        async for item in each_groups_page(self._client, meant, key=key, cursor=cursor):
            yield item

    async def _meant(self) -> frozenset[str] | None:
        if self._config.scope == "all":
            return None
        if self._groups_meant is None:
            async for _ in self._scope():
                pass
        return self._groups_meant

    async def _scope(self) -> AsyncIterator[Page | Done]:
        groups: set[str] = set()
        count = 0
        async for assigned in each_assigned(self._client, self._config.app_id or ""):
            groups.update(one.ext_id for one in assigned if one.kind == "group")
            count += len(assigned)
            # Short enough to be read again after a crash.
            yield Page(assigned=assigned, resume="")
        self._groups_meant = frozenset(groups)
        yield Done(whole=True, checkpoint=None, objects=count)


def _key_of(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()
