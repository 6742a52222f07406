"""Connections to identity providers and their settings."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from directory import callers
from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import Actor, JsonValue, Preset, Source, SourceId, SourceKind, TenantId
from directory.plan import Event, InsertRow, Plan, UpdateRows, changed_attributes
from directory.presets import PRESETS, edited_settings, settings_document, settings_of_preset
from directory.routed_sources import check_own
from directory.store import access
from directory.tenant_terms import check_own_sources, settings_in

LABEL_LENGTH_MAX = 200
OF_PULLED = frozenset({"on_match", "grace_days"})
"""Settings that mean something for a source that is pulled; the others are about requests."""


async def create_source(*, kind: SourceKind, preset: Preset, label: str, by: Actor, now: datetime) -> Source:
    """Create a source that pushes, with the settings of its preset.

    Raises:
        InvalidError: an unknown kind or preset, or a label that is empty or too long; or the tenant is to have none.
        ForbiddenError: the actor may not manage sources.
    """
    by.require("sources:manage")
    if kind != "scim":
        raise InvalidError("kind", "is not one that pushes: others are created with what they are pulled by")
    if preset not in PRESETS:
        raise InvalidError("preset", f"must be one of: {', '.join(PRESETS)}")
    label = checked_label(label)
    source = Source(
        source_id=SourceId(new_id(now)),
        tenant_id=by.tenant_id,
        kind=kind,
        preset=preset,
        label=label,
        settings=PRESETS[preset],
        created_at=now,
    )

    async def body() -> Source:
        await check_own_sources(by)
        made = replace(source, settings=await settings_in(by.tenant_id, source.settings))
        await commit_plan(_plan_source(made), by=by, now=now)
        return made

    return await in_unit_of(by, body)


async def edit_settings(source_id: SourceId, changes: Mapping[str, str], *, by: Actor, now: datetime) -> Source:
    """Change settings of a source, given as texts by name; settings that stay as they are make no event.

    Raises:
        InvalidError: names the setting that does not exist or does not take the value.
        NotFoundError: the tenant has no such source.
        ForbiddenError: the actor may not manage sources.
    """
    by.require("sources:manage")

    async def body() -> Source:
        before = await _source_to_change(source_id, by=by)
        if before.kind != "scim" and not changes.keys() <= OF_PULLED:
            raise InvalidError(min(changes.keys() - OF_PULLED), "is no setting of a connection that is pulled")
        settings = edited_settings(before.settings, changes)
        told = changed_attributes(settings_document(before.settings), settings_document(settings))
        if told:
            put = UpdateRows(
                table="source_row",
                values={"settings": access.settings_text(settings)},
                where={"tenant_id": by.tenant_id, "id": source_id},
                require=1,
            )
            changed = Event(
                action="source:settings:changed",
                subject_kind="source",
                subject_id=source_id,
                subject_label=before.label,
                changes=told,
            )
            await commit_plan(Plan(changes=(put,), events=(changed,)), by=by, now=now)
        return await get_source(by.tenant_id, source_id)

    source = await in_unit_of(by, body)
    callers.forget()
    return source


async def edit_source(source_id: SourceId, *, preset: Preset, label: str, by: Actor, now: datetime) -> Source:
    """Give a source another name, or say that it is of another kind of client.

    How requests are read and answered then follows the preset; limits, administrator and whether it is on stay.

    Raises:
        InvalidError: an unknown preset, or a label that is empty or too long.
        RefusedError: it is the super tenant's routing.
        NotFoundError: the tenant has no such source.
        ForbiddenError: the actor may not manage sources.
    """
    by.require("sources:manage")
    label = checked_label(label)
    if preset not in PRESETS:
        raise InvalidError("preset", f"must be one of: {', '.join(PRESETS)}")

    async def body() -> Source:
        before = await _source_to_change(source_id, by=by)
        check_own(before)
        if before.kind != "scim" and preset != before.preset:
            raise InvalidError("preset", "is that of the directory it is pulled from")
        settings = before.settings if preset == before.preset else settings_of_preset(before.settings, preset)
        after = replace(before, preset=preset, label=label, settings=settings)
        told = changed_attributes(_told(before), _told(after))
        if told:
            put = UpdateRows(
                table="source_row",
                values={"preset": preset, "label": label, "settings": access.settings_text(settings)},
                where={"tenant_id": by.tenant_id, "id": source_id},
                require=1,
            )
            event = Event(
                action="source:changed",
                subject_kind="source",
                subject_id=source_id,
                subject_label=label,
                changes=told,
            )
            await commit_plan(Plan(changes=(put,), events=(event,)), by=by, now=now)
        return after

    source = await in_unit_of(by, body)
    callers.forget()
    return source


async def get_source(tenant_id: TenantId, source_id: SourceId) -> Source:
    """Return a source.

    Raises:
        NotFoundError: the tenant has no such source.
    """
    source = await access.find_source(tenant_id, source_id)
    if source is None:
        raise NotFoundError("source", source_id)
    return source


async def get_pushed_source(tenant_id: TenantId, source_id: SourceId) -> Source:
    """Return a source that pushes.

    Raises:
        NotFoundError: the tenant has no such source, or it is pulled.
    """
    source = await get_source(tenant_id, source_id)
    if source.kind != "scim":
        raise NotFoundError("source", source_id)
    return source


async def list_sources(tenant_id: TenantId) -> list[Source]:
    """Return the sources of a tenant, the oldest first."""
    return await access.list_sources(tenant_id)


async def find_source(source_id: SourceId) -> Source | None:
    """Return a source of whichever tenant: for the command line only, whose user owns the host."""
    return await access.find_source_anywhere(source_id)


def checked_label(text: str) -> str:
    """Return the name of a connection as it is kept.

    Raises:
        InvalidError: it is empty or too long.
    """
    label = text.strip()
    if not label or len(label) > LABEL_LENGTH_MAX or not label.isprintable():
        raise InvalidError("label", f"must be one line of 1 to {LABEL_LENGTH_MAX} characters")
    return label


async def _source_to_change(source_id: SourceId, *, by: Actor) -> Source:
    """Return a source of the actor's tenant and hold it until the unit ends."""
    source = await access.find_source(by.tenant_id, source_id, hold=True)
    if source is None:
        raise NotFoundError("source", source_id)
    return source


def _told(source: Source) -> dict[str, JsonValue]:
    return {"label": source.label, "preset": source.preset, **settings_document(source.settings)}


def _plan_source(source: Source) -> Plan:
    row = InsertRow(
        table="source_row",
        values={
            "tenant_id": source.tenant_id,
            "id": source.source_id,
            "kind": source.kind,
            "preset": source.preset,
            "label": source.label,
            "settings": access.settings_text(source.settings),
            "created_at": source.created_at,
        },
    )
    told = {"kind": source.kind, "label": source.label, "preset": source.preset}
    created = Event(
        action="source:created",
        subject_kind="source",
        subject_id=source.source_id,
        subject_label=source.label,
        changes=changed_attributes({}, {**told, **settings_document(source.settings)}),
    )
    return Plan(changes=(row,), events=(created,))
