"""Pulled sources as rows have them, and what is told of their configuration."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from directory.model import JsonObject, JsonValue, Source, SourceId, SourceSettings, TenantId
from directory.plan import Event, changed_attributes
from directory.pulls.credentials import names_in
from directory.pulls.model import PullSource
from directory.store.unit import Row


def pull_source_from(row: Row) -> PullSource:
    """Return a pulled source from its row, which has ``kind``, ``label`` and ``settings`` of the source, too."""
    config: JsonObject = msgspec.json.decode(row["config"])
    rules = None if row["rules"] is None else tuple(msgspec.json.decode(row["rules"]))
    audits = row["audits_source_id"]
    same = ("kind", "label", "mode", "match_target", "interval_min", "full_every_h", "paused", "next_at")
    found = ("full_done_at", "identity", "identity_name", "credential_expires_at", "failures", "first_failed_at")
    ended = ("last_ok_at", "error_kind", "error_words", "error_remedy")
    return PullSource(
        tenant_id=TenantId(row["tenant_id"]),
        source_id=SourceId(row["source_id"]),
        config=config,
        secret_names=names_in(row["sealed_names"], config),
        secrets_at=row["sealed_at"],
        rules=rules,
        audits_source_id=None if audits is None else SourceId(audits),
        off=msgspec.json.decode(row["settings"], type=SourceSettings).paused,
        **{name: row[name] for name in (*same, *found, *ended)},
    )


def rules_told(rules: Sequence[JsonObject] | None) -> dict[str, JsonValue]:
    """Return an attribute mapping as events tell it: a line for each target."""
    return {f"mapping {rule.get('target')}": _rule_words(rule) for rule in rules or ()}


def config_told(config: JsonObject) -> dict[str, JsonValue]:
    """Return a configuration as events tell it; there is never a credential in one."""
    return {name: value if isinstance(value, str | int | bool | None) else str(value) for name, value in config.items()}


def source_event(
    action: str, source: PullSource | Source, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]
) -> Event:
    """Return the event that tells what changed of a source."""
    return Event(
        action=f"source:{action}",
        subject_kind="source",
        subject_id=source.source_id,
        subject_label=source.label,
        changes=changed_attributes(before, after),
    )


def names_told(names: Iterable[str], entered: Iterable[str] = ()) -> dict[str, JsonValue]:
    """Return which credentials there are, and which were entered just now, as events tell it: names alone."""
    told: dict[str, JsonValue] = {"credentials": ", ".join(sorted(names)) or None}
    return {**told, "entered": ", ".join(sorted(entered)) or None}


def _rule_words(rule: JsonObject) -> str:
    match rule.get("rule"):
        case "direct":
            return str(rule.get("source"))
        case "constant":
            return f"always {msgspec.json.encode(rule.get('value')).decode()}"
        case "first_of":
            sources = rule.get("sources")
            return "first of " + ", ".join(map(str, sources if isinstance(sources, list | tuple) else ()))
        case _:
            return str(rule.get("expression"))
