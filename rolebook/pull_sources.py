"""What ``rolebook source`` does with connections that are pulled."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from directory import sources as connections
from directory import tenants
from directory.errors import InvalidError, NotFoundError
from directory.model import Actor, SourceId
from directory.pulls import sources
from directory.pulls.kinds import offer_connectors
from directory.pulls.model import PullSource
from directory.sealing_keys import use_key_ring
from rolebook.command import Answer
from rolebook.connecting import offered_connectors
from rolebook.keys import key_ring_for
from rolebook.provision import ACTOR, get_tenant
from rolebook.settings import Settings

FILE_BYTES_MAX = 1 << 20
PULLED = ("interval_min", "full_every_h", "paused", "mode", "audits", "match_target")
"""What ``rolebook source set`` takes beside the settings that every connection has."""

_YES_NO = {"on": True, "yes": True, "true": True, "1": True, "off": False, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A pulled connection as asked for; credentials never come from the command line itself, which others can see."""

    kind: str
    label: str
    config_file: Path
    secrets_file: Path | None
    audits: SourceId | None


def prepare(settings: Settings) -> None:
    """Have keys and connectors at hand, as the server has."""
    use_key_ring(key_ring_for(settings))
    offer_connectors(offered_connectors(settings))


async def create_source(slug: str, wanted: Wanted, *, now: datetime) -> Answer:
    """Create a connection that is pulled.

    Raises:
        InvalidError: names what of the files is missing or wrong.
        NotFoundError: there is no such tenant, or no connection of it to compare with.
    """
    tenant = await get_tenant(slug)
    config = read_object(wanted.config_file)
    secrets = config.pop("secrets", {})
    if wanted.secrets_file is not None:
        secrets = {**_texts(secrets), **_texts(read_object(wanted.secrets_file))}
    rules = config.pop("rules", None)
    if rules is not None and not isinstance(rules, list):
        raise InvalidError("rules", "must be a list of rules")
    made = await sources.create_pull_source(
        wanted.kind,
        wanted.label,
        config,
        _texts(secrets),
        mode="provision" if wanted.audits is None else "audit",
        audits_source_id=wanted.audits,
        rules=rules,
        by=tenants.system_actor(tenant, ACTOR),
        now=now,
    )
    return described(made)


async def set_source(source: PullSource, changes: Mapping[str, str], *, now: datetime) -> Answer:
    """Change settings of a connection that is pulled.

    Raises:
        InvalidError: names the key that is unknown or has a wrong value.
    """
    by = tenants.system_actor(await tenants.get_tenant(source.tenant_id), ACTOR)
    others = {name: text for name, text in changes.items() if name not in PULLED}
    if others:
        await connections.edit_settings(source.source_id, others, by=by, now=now)
    if changes.keys() & {"interval_min", "full_every_h"}:
        interval_min = _number(changes, "interval_min", source.interval_min)
        full_every_h = _number(changes, "full_every_h", source.full_every_h)
        await sources.edit_schedule(
            source.source_id, interval_min=interval_min, full_every_h=full_every_h, by=by, now=now
        )
    if changes.keys() & {"mode", "audits", "match_target"}:
        await _set_mode(source, changes, by=by, now=now)
    if "paused" in changes:
        set_paused = sources.pause if _switch(changes, "paused") else sources.resume
        await set_paused(source.source_id, by=by, now=now)
    return described(await sources.get_pull_source(source.tenant_id, source.source_id))


def described(source: PullSource) -> Answer:
    """Return a connection as commands print it: names of credentials, never one of them."""
    return {
        "source": str(source.source_id),
        "kind": source.kind,
        "label": source.label,
        "mode": source.mode,
        "audits": None if source.audits_source_id is None else str(source.audits_source_id),
        "config": source.config,
        "credentials": list(source.secret_names),
        "settings": {
            "interval_min": source.interval_min,
            "full_every_h": source.full_every_h,
            "paused": source.paused,
            "mode": source.mode,
            "match_target": source.match_target,
        },
    }


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        InvalidError: it holds none; what it holds is never part of the words.
    """
    if path.stat().st_size > FILE_BYTES_MAX:
        raise InvalidError(path.name, "is larger than a configuration can be")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidError(path.name, "holds no JSON object")
    return found


async def find_source(source_id: SourceId) -> PullSource | None:
    """Return a connection of whichever tenant, if it is one that is pulled.

    Raises:
        NotFoundError: there is no such connection at all.
    """
    if await connections.find_source(source_id) is None:
        raise NotFoundError("source", source_id)
    return await sources.find_pull_source(source_id)


async def _set_mode(source: PullSource, changes: Mapping[str, str], *, by: Actor, now: datetime) -> None:
    audits, target = source.audits_source_id, changes.get("match_target", source.match_target)
    if "audits" in changes:
        try:
            audits = SourceId(UUID(changes["audits"]))
        except ValueError as error:
            raise InvalidError("audits", "is no id of a connection") from error
    mode: Any = changes.get("mode", source.mode)
    await sources.set_mode(source.source_id, mode, audits, target, by=by, now=now)


def _texts(secrets: object) -> dict[str, str]:
    if not isinstance(secrets, dict) or not all(isinstance(text, str) for text in secrets.values()):
        raise InvalidError("secrets", "must be an object of texts")
    return secrets


def _number(changes: Mapping[str, str], name: str, default: int) -> int:
    text = changes.get(name, str(default)).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise InvalidError(name, "must be a whole number")
    return int(text)


def _switch(changes: Mapping[str, str], name: str) -> bool:
    word = changes[name].strip().lower()
    if word not in _YES_NO:
        raise InvalidError(name, "must be on or off")
    return _YES_NO[word]
