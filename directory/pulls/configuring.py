"""Where a source is pulled from, with which credentials, and what becomes of attributes."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from directory.errors import InvalidError, NoKeysError
from directory.key_ring import KeyRingError
from directory.model import Actor, JsonObject, JsonValue, SourceId
from directory.pulls.credentials import bound_values, checked_credentials, open_credentials, place_mark, sealed_place
from directory.pulls.kinds import PullKind, current_connectors
from directory.pulls.model import PullSource
from directory.pulls.pacing import first_pull_at
from directory.pulls.source_edits import (
    FORGOTTEN,
    Given,
    checked_config,
    edit_source,
    json_text,
    put_source,
    sealed_for,
    sealed_values,
)
from directory.pulls.source_reads import get_pull_source
from directory.pulls.source_rows import config_told, names_told, rules_told, source_event
from directory.sealing_keys import current_key_ring
from directory.store.pulls import sources as rows
from directory.store.pulls.closing import cancel_runs

MOVED = "The connection was configured anew before it began."


async def edit_config(
    source_id: SourceId, config: Mapping[str, JsonValue], *, secrets: Given | None = None, by: Actor, now: datetime
) -> PullSource:
    """Pull elsewhere, or others. Credentials are forgotten when it is elsewhere; ``secrets`` are those from then on.

    Raises:
        InvalidError: names the field that is missing or wrong.
        NotFoundError: the tenant has no such pulled source.
        NoKeysError, ForbiddenError: as for ``create_pull_source``.
    """
    kind, checked = await checked_config(await _kind_of(source_id, by=by), config)
    given = checked_credentials(kind, secrets or {})

    async def deed(before: PullSource) -> None:
        await _put_config(before, kind, checked, by=by, now=now)
        if given:
            await _put_secrets(await get_pull_source(by.tenant_id, source_id), kind, given, by=by, now=now)

    return await edit_source(source_id, deed, by=by)


async def set_secrets(
    source_id: SourceId, secrets: Given, *, meant_for: str | None = None, by: Actor, now: datetime
) -> PullSource:
    """Keep other credentials, and pull with them soon; those that are not named stay.

    ``meant_for`` is the ``place_mark`` of the place that they were asked for.

    Raises:
        InvalidError: names a credential that the kind does not know, or the connection was led elsewhere meanwhile.
        NotFoundError, NoKeysError, ForbiddenError: as for ``edit_config``.
    """
    kind = await asyncio.to_thread(current_connectors().get_kind, await _kind_of(source_id, by=by))
    given = checked_credentials(kind, secrets)

    async def deed(before: PullSource) -> None:
        if meant_for is not None and meant_for != place_mark(kind, before.config):
            raise InvalidError("credentials", "is meant for another place: the connection was changed meanwhile")
        await _put_secrets(before, kind, given, by=by, now=now)

    return await edit_source(source_id, deed, by=by)


async def open_secrets(source: PullSource) -> dict[str, str]:
    """Return the credentials of a source, for a pull or a check alone; none where they were forgotten.

    Raises:
        NoKeysError: this server has no keys, or not the one that they were sealed with.
    """
    row = await rows.find_pulled(source.tenant_id, source.source_id)
    if row is None or row["sealed"] is None:
        return {}
    place = sealed_place(source.tenant_id, source.source_id)
    try:
        return open_credentials(current_key_ring(), row["sealed"], source.config, place)
    except KeyRingError as error:
        raise NoKeysError from error


async def edit_rules(
    source_id: SourceId, rules: Sequence[JsonObject] | None, *, by: Actor, now: datetime
) -> PullSource:
    """Map attributes by other rules, or with None by those of the kind: the next pull is a whole one.

    Raises:
        InvalidError: says which rule cannot work.
        NotFoundError, ForbiddenError: as for ``edit_config``.
    """
    by.require("sources:manage")
    checked = None if rules is None else await asyncio.to_thread(current_connectors().checked_rules, rules)

    async def deed(before: PullSource) -> None:
        values = {"rules": None if checked is None else json_text(checked), "next_at": before.next_at and now}
        event = source_event("mapping:changed", before, rules_told(before.rules), rules_told(checked))
        await put_source(before, values, event, by=by, now=now)

    return await edit_source(source_id, deed, by=by)


async def _kind_of(source_id: SourceId, *, by: Actor) -> str:
    """Return the kind of a source, which never changes: so what takes long is checked before anybody waits for it."""
    by.require("sources:manage")
    return (await get_pull_source(by.tenant_id, source_id)).kind


async def _put_config(before: PullSource, kind: PullKind, after: JsonObject, *, by: Actor, now: datetime) -> None:
    values: dict[str, object] = {"config": json_text(after), "next_at": before.next_at and now}
    events = [source_event("configured", before, config_told(before.config), config_told(after))]
    if bound_values(kind, after) != bound_values(kind, before.config):
        values |= {**sealed_values(FORGOTTEN, None), "next_at": None if kind.credentials else values["next_at"]}
        events.append(source_event("credentials:forgotten", before, names_told(before.secret_names), {}))
        await rows.forget_cursors(before.tenant_id, before.source_id)
    await put_source(before, values, *events, by=by, now=now)
    if len(events) > 1:  # whom a pull of the other place found by now is not to come
        await cancel_runs(before.tenant_id, before.source_id, now, MOVED)


async def _put_secrets(before: PullSource, kind: PullKind, given: Given, *, by: Actor, now: datetime) -> None:
    kept: dict[str, str | None] = {}
    with suppress(NoKeysError):  # those that nobody can open any more are lost, and replaced
        kept |= await open_secrets(before)
    kept |= given
    left = {name: text for name, text in kept.items() if text}
    sealed = sealed_for(kind, before.config, left, before.tenant_id, before.source_id)
    soon = now if before.failures else before.next_at or first_pull_at(before.source_id, before.interval_min, now)
    values = {**sealed_values(sealed, now), "next_at": soon if left or not kind.credentials else None}
    entered = [name for name, text in given.items() if text]
    event = source_event("credentials:changed", before, names_told(before.secret_names), names_told(left, entered))
    await put_source(before, values, event, by=by, now=now)
