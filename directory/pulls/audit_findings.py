"""What differs between a person as a directory says it and as its source pushed it, and which side is newer; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from directory.model import UserId
from directory.person import manager_named
from directory.pulls.audit_values import TEXT_CHARS_MAX, Here, Pair, There, differing
from directory.pulls.model import Drift
from directory.pulls.targets import MANAGER

Side = Literal["here", "there", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Managers:
    """Whom references to managers mean, on both sides."""

    there: Mapping[str, UserId]
    """Users here by the id of the manager there."""
    here: Mapping[str, UserId]
    """Users by reference as it was pushed."""
    labels: Mapping[UserId, str]


NO_MANAGERS = Managers(there={}, here={}, labels={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the audit before this one left."""

    audited: bool
    """Whether there was one."""
    drifts: Mapping[str, Drift]
    """Of this person, by target."""
    pair: Pair | None


def drifts_of(
    there: There, here: Here | None, *, targets: frozenset[str] | None, managers: Managers, now: datetime
) -> Iterator[Drift]:
    """Yield the differences of one person; ``here`` is None for one whom nobody pushed.

    Whoever has no access on either side is no difference: providers need not push those, nor delete them.
    """
    if here is None:
        if not there.absent and there.op == "upsert" and there.active is not False:
            yield _drift(there, None, "missing", there=there.user_name or there.ext_id, now=now)
    elif there.absent or there.op == "soft_deleted":
        if here.active:
            yield _gone(there, here, now)
    else:
        yield from _compared(there, here, targets, now)
        if MANAGER in there.said and (targets is None or MANAGER in targets):
            yield from _manager_drift(there, here, managers, now)


def _gone(there: There, here: Here, now: datetime) -> Drift:
    if there.absent:
        return _drift(there, here, "extra", here=here.user_name, there=there.absent, now=now)
    return _drift(there, here, "status", here="active", there="deleted, can be restored", now=now)


def _compared(there: There, here: Here, targets: frozenset[str] | None, now: datetime) -> Iterator[Drift]:
    if there.active is not None and there.active != here.active:
        yield _drift(there, here, "status", here=_status(here.active), there=_status(there.active), now=now)
    for target, kept, said in differing(there, here, targets):
        yield _drift(there, here, "attribute", target=target, here=kept, there=said, now=now)


def dated(drift: Drift, before: Before, there: There | None, here: Here | None) -> Drift:
    """Return a difference with the side that is newer, and since when it is there.

    Times tell it where the directory says them; otherwise which side has moved since the last audit.
    """
    known = before.drifts.get(drift.target)
    if known is None or known.kind != drift.kind:
        return replace(drift, newer=_newer_now(drift, before, there, here))
    newer = known.newer
    if (known.here, known.there) != (drift.here, drift.there):
        moved_here, moved_there = known.here != drift.here, known.there != drift.there
        newer = "" if moved_here and moved_there else "here" if moved_here else "there"
    if (stamped := _stamped(there, here)) is not None and drift.kind in {"attribute", "status"}:
        newer = stamped
    return replace(drift, newer=newer, since=known.since)


def _newer_now(drift: Drift, before: Before, there: There | None, here: Here | None) -> Side:
    pair = before.pair
    if drift.kind == "missing":
        return "" if not before.audited else "there" if pair is None else "here"
    if drift.kind == "extra":
        return "" if not before.audited else "here" if pair is None else "there"
    if (stamped := _stamped(there, here)) is not None:
        return stamped
    if pair is None or there is None or here is None or pair.user_id != here.user_id:
        return ""
    moved_here, moved_there = pair.version != here.version, pair.state != there.state
    return "" if moved_here == moved_there else "here" if moved_here else "there"


def _stamped(there: There | None, here: Here | None) -> Side | None:
    if there is None or here is None or there.stamp is None:
        return None
    return "there" if there.stamp > here.modified_at else "here"


def _manager_drift(there: There, here: Here, managers: Managers, now: datetime) -> Iterator[Drift]:
    """Compare by meaning: a reference is an id there, and whatever the provider sends here.

    A manager whom nobody pushed cannot be named by a push; that they are missing is told of themselves.
    """
    said, ref = there.manager, here.manager_ref or ""
    meant_there, meant_here = managers.there.get(said), managers.here.get(ref)
    same = said == manager_named(ref) if ref else not said or meant_there is None
    if same or (meant_there is not None and meant_there == meant_here):
        return
    words_here = managers.labels.get(meant_here, ref) if meant_here else ref
    words_there = managers.labels.get(meant_there, said) if meant_there else said
    yield _drift(there, here, "attribute", target=MANAGER, here=words_here or None, there=words_there or None, now=now)


def _status(active: object) -> str:
    return "active" if active else "disabled"


def _drift(  # noqa: PLR0913  # one field each
    of: There,
    user: Here | None,
    kind: str,
    *,
    target: str = "",
    here: str | None = None,
    there: str | None = None,
    now: datetime,
) -> Drift:
    return Drift(
        kind=kind,  # type: ignore[arg-type]  # one of the four, spelled out above
        ext_id=of.ext_id,
        target=target,
        user_id=None if user is None else user.user_id,
        label=(of.label if user is None else user.label)[:TEXT_CHARS_MAX],
        here=here,
        there=there,
        newer="",
        since=now,
    )
