"""Sources that are pulled: created, read, and every verb that changes one."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict, Unpack

from directory.commit import commit_plan, in_unit_of
from directory.ids import new_id
from directory.model import Actor, JsonObject, JsonValue, Preset, Source, SourceId, SourceSettings
from directory.plan import InsertRow, Plan
from directory.pulls.configuring import edit_config, edit_rules, open_secrets, set_secrets
from directory.pulls.credentials import checked_credentials
from directory.pulls.kinds import current_connectors
from directory.pulls.model import PullMode, PullSource
from directory.pulls.outcomes import list_due, note_failure, note_ok
from directory.pulls.pacing import first_pull_at
from directory.pulls.rhythm import check_audit, edit_schedule, pause, resume, set_mode
from directory.pulls.source_edits import Given, checked_config, json_text, sealed_for, sealed_values
from directory.pulls.source_reads import find_pull_source, get_pull_source, list_given, list_pull_sources
from directory.pulls.source_rows import config_told, rules_told, source_event
from directory.sources import checked_label
from directory.store import access
from directory.tenant_terms import check_own_sources, settings_in

__all__ = [
    "Terms",
    "create_pull_source",
    "edit_config",
    "edit_rules",
    "edit_schedule",
    "find_pull_source",
    "get_pull_source",
    "list_due",
    "list_given",
    "list_pull_sources",
    "note_failure",
    "note_ok",
    "open_secrets",
    "pause",
    "resume",
    "set_mode",
    "set_secrets",
]

INTERVAL_MIN = 30
"""Minutes between two pulls of a new source, as its table says, too."""

_PRESETS: Mapping[str, Preset] = {"graph": "entra", "okta": "okta"}


class Terms(TypedDict, total=False):
    """What else may be said of a source when it is created."""

    mode: PullMode
    audits_source_id: SourceId | None
    rules: Sequence[JsonObject] | None


async def create_pull_source(
    kind: str,
    label: str,
    config: Mapping[str, JsonValue],
    secrets: Given,
    *,
    by: Actor,
    now: datetime,
    **terms: Unpack[Terms],
) -> PullSource:
    """Create a source that is pulled, first within its interval.

    Raises:
        InvalidError: names the field that is missing or wrong; or the tenant is to have no connections of its own.
        NotFoundError: the tenant has no source of that id that could be audited.
        NoKeysError: this server cannot keep credentials.
        ForbiddenError: the actor may not manage sources.
    """
    by.require("sources:manage")
    label = checked_label(label)
    known, checked = await checked_config(kind, config)
    kept = {name: text for name, text in checked_credentials(known, secrets).items() if text}
    given_rules = terms.get("rules")
    rules = None if given_rules is None else await asyncio.to_thread(current_connectors().checked_rules, given_rules)
    mode, audits_source_id = terms.get("mode", "provision"), terms.get("audits_source_id")
    source = _new_source(kind, label, by=by, now=now)
    values: dict[str, object] = {
        "config": json_text(checked),
        **sealed_values(sealed_for(known, checked, kept, source.tenant_id, source.source_id), now),
        "rules": None if rules is None else json_text(rules),
        "mode": mode,
        "audits_source_id": audits_source_id,
        "next_at": first_pull_at(source.source_id, INTERVAL_MIN, now) if kept or not known.credentials else None,
    }
    names: list[JsonValue] = [*sorted(kept)]
    told = {"kind": kind, "mode": mode, **config_told(checked), **rules_told(rules), "credentials": names or None}

    async def body() -> PullSource:
        await check_own_sources(by)
        await check_audit(source.source_id, mode, audits_source_id, by=by)
        event = source_event("created", source, {}, {"label": label, **told})
        await commit_plan(Plan(changes=await _inserts(source, values), events=(event,)), by=by, now=now)
        return await get_pull_source(by.tenant_id, source.source_id)

    return await in_unit_of(by, body)


def _new_source(kind: str, label: str, *, by: Actor, now: datetime) -> Source:
    return Source(
        source_id=SourceId(new_id(now)),
        tenant_id=by.tenant_id,
        kind=kind,  # type: ignore[arg-type]  # an entry point may bring a kind of its own along
        preset=_PRESETS.get(kind, "strict"),
        label=label,
        settings=SourceSettings(),
        created_at=now,
    )


async def _inserts(source: Source, values: Mapping[str, object]) -> tuple[InsertRow, InsertRow]:
    row: dict[str, object] = {
        "tenant_id": source.tenant_id,
        "id": source.source_id,
        "kind": source.kind,
        "preset": source.preset,
        "label": source.label,
        "settings": access.settings_text(await settings_in(source.tenant_id, source.settings)),
        "created_at": source.created_at,
    }
    of_pull = {"tenant_id": source.tenant_id, "source_id": source.source_id, **values}
    return InsertRow(table="source_row", values=row), InsertRow(table="pull_row", values=of_pull)
