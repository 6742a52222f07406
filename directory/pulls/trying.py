"""An attribute mapping tried on people as the source gave them: what another one would change."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from directory.model import JsonObject, JsonValue
from directory.pulls.kinds import Trial, current_connectors
from directory.pulls.model import PullSource
from directory.pulls.sources import list_given

TRIED_MAX = 200
SHOWN_MAX = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What another mapping makes of one person."""

    label: str
    changes: tuple[tuple[str, JsonValue, JsonValue], ...]
    """(target, old, new)"""
    problem: str
    """Why it makes nothing of this person; empty when it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesTried:
    """What another mapping makes of the people who are kept as a sample."""

    tried_count: int
    same_count: int
    changed_count: int
    rejected_count: int
    shown: tuple[Difference, ...]
    """The first of those who differ, the rejected ones leading."""


async def list_inputs(source: PullSource) -> tuple[str, ...]:
    """Return the names of attributes that people of the source have, as far as they are kept."""
    return current_connectors().inputs_of(await list_given(source.tenant_id, source.source_id, TRIED_MAX))


async def try_rules(source: PullSource, rules: Sequence[JsonObject]) -> RulesTried:
    """Return what ``rules`` would make of people of the source, against the mapping that holds now.

    Raises:
        InvalidError: says which rule cannot work.
        UnavailableError: no connectors are loaded here.
    """
    connectors = current_connectors()
    now = source.rules if source.rules is not None else connectors.get_kind(source.kind).default_rules
    given = await list_given(source.tenant_id, source.source_id, TRIED_MAX)

    def work() -> RulesTried:
        before = connectors.tried_rules(source.kind, now, given)
        after = connectors.tried_rules(source.kind, rules, given)
        return tried_from(before, after)

    return await asyncio.to_thread(work)


def tried_from(before: Sequence[Trial], after: Sequence[Trial]) -> RulesTried:
    """Return what differs between two mappings of the same people."""
    found = [_difference(old, new) for old, new in zip(before, after, strict=True)]
    rejected = [one for one in found if one.problem]
    changed = [one for one in found if one.changes and not one.problem]
    return RulesTried(
        tried_count=len(found),
        same_count=len(found) - len(rejected) - len(changed),
        changed_count=len(changed),
        rejected_count=len(rejected),
        shown=tuple((rejected + changed)[:SHOWN_MAX]),
    )


def _difference(old: Trial, new: Trial) -> Difference:
    targets = sorted(old.values.keys() | new.values.keys())
    changes = [(target, old.values.get(target), new.values.get(target)) for target in targets]
    label = new.values.get("userName") or old.values.get("userName") or new.values.get("displayName") or ""
    return Difference(
        label=str(label),
        changes=() if new.problem else tuple(change for change in changes if not _same(change[1], change[2])),
        problem=new.problem,
    )


def _same(old: JsonValue, new: JsonValue) -> bool:
    return _meant(old) == _meant(new)


def _meant(value: JsonValue) -> tuple[type, JsonValue]:
    """Return a value as it is stored: nothing and an empty text are the same, yes and 1 are not."""
    if value is None or value in ("", []):
        return type(None), None
    return type(value), value
