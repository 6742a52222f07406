"""One way to change how a source is pulled: its row held, the change and the event that tells it, one commit."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import msgspec

from directory import callers
from directory.commit import commit_plan, in_unit_of
from directory.errors import NotFoundError
from directory.model import Actor, JsonObject, JsonValue, SourceId, TenantId
from directory.plan import Event, Plan, UpdateRows
from directory.pulls.credentials import SealedCredentials, bound_values, seal_credentials, sealed_place
from directory.pulls.kinds import PullKind, current_connectors
from directory.pulls.model import PullSource
from directory.pulls.source_reads import get_pull_source
from directory.sealing_keys import current_key_ring
from directory.store import access

Given = Mapping[str, str | None]
"""Credentials by name: an empty one stays as it is, None forgets it."""

FORGOTTEN = SealedCredentials(text=None, names="[]")


async def edit_source(source_id: SourceId, deed: Callable[[PullSource], Awaitable[None]], *, by: Actor) -> PullSource:
    """Do a deed to a source that nobody else changes meanwhile, and return what it is then.

    Raises:
        NotFoundError: the tenant has no such pulled source.
        ForbiddenError: the actor may not manage sources.
    """
    by.require("sources:manage")

    async def body() -> PullSource:
        if await access.find_source(by.tenant_id, source_id, hold=True) is None:
            raise NotFoundError("source", source_id)
        await deed(await get_pull_source(by.tenant_id, source_id))
        return await get_pull_source(by.tenant_id, source_id)

    source = await in_unit_of(by, body)
    callers.forget()
    return source


async def put_source(
    source: PullSource, values: Mapping[str, object], *events: Event, by: Actor, now: datetime
) -> None:
    """Write what changed, with what tells it; nothing if there is nothing to tell."""
    told = tuple(event for event in events if event.changes)
    if told:
        where = {"tenant_id": source.tenant_id, "source_id": source.source_id}
        put = UpdateRows(table="pull_row", values=values, where=where, require=1)
        await commit_plan(Plan(changes=(put,), events=told), by=by, now=now)


async def checked_config(kind: str, config: Mapping[str, JsonValue]) -> tuple[PullKind, JsonObject]:
    """Return a kind and a configuration of it as it is stored; on a thread, since kinds are loaded at their first use.

    Raises:
        InvalidError: there is no such kind, or the configuration has a field that is unknown, missing or wrong.
    """
    connectors = current_connectors()

    def work() -> tuple[PullKind, JsonObject]:
        return connectors.get_kind(kind), connectors.checked_config(kind, config)

    return await asyncio.to_thread(work)


def sealed_for(
    kind: PullKind, config: JsonObject, secrets: Mapping[str, str], tenant_id: TenantId, source_id: SourceId
) -> SealedCredentials:
    """Return credentials as the row of a source keeps them.

    Raises:
        NoKeysError: this server cannot keep credentials.
    """
    if not secrets:
        return FORGOTTEN
    place = sealed_place(tenant_id, source_id)
    return seal_credentials(current_key_ring(), secrets, bound_values(kind, config), place)


def sealed_values(sealed: SealedCredentials, now: datetime | None) -> dict[str, object]:
    """Return the columns of credentials."""
    return {"sealed": sealed.text, "sealed_names": sealed.names, "sealed_at": None if sealed.text is None else now}


def json_text(value: object) -> str:
    """Return a value as a row keeps it."""
    return msgspec.json.encode(value).decode()
