"""Audit: what a source pushed is compared with what its directory says, and nobody is changed by it."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from directory.errors import UnavailableError
from directory.model import UserId
from directory.pulls.audit_findings import Before, dated, drifts_of
from directory.pulls.audit_sights import Audit, Sights, drift_from, look
from directory.pulls.audit_values import TEXT_CHARS_MAX, Here
from directory.pulls.ground import Ground
from directory.pulls.kinds import current_connectors
from directory.pulls.model import Drift, PullSource
from directory.pulls.scoping import settle_scope
from directory.store.pulls import audits, drift
from directory.store.unit import Row, in_unit
from directory.threads import worked_out

BATCH = 300
COMPARED_COST = 20
"""How many plain values comparing one person is worth."""

_FIRST = UUID(int=0)
_THERE, _HERE, _SETTLE = "there ", "here ", "settle"


async def compare_batch(ground: Ground, reached: str, *, now: datetime) -> str | None:
    """Compare the next people of a run whose streams have ended; returns how far it is, None once all are compared.

    Begins with an empty text. A whole pull compares everybody, and looks for users here whom it did not give; any other
    those who moved on either side. A whole pull that gave nobody proves nothing: nothing is compared then.
    """
    audit = await _audit_of(ground)
    if audit is None or not await _can_compare(ground):
        return None
    if not reached:
        await _forget_others(audit)
        if ground.scoped and ground.whole_groups:
            await settle_scope(ground)
        reached = _THERE
    if reached.startswith(_THERE):
        return await _compare_there(audit, ground, reached.removeprefix(_THERE), now=now)
    if reached.startswith(_HERE):
        return await _find_extras(audit, ground, UUID(reached.removeprefix(_HERE)), now=now)
    return await _settle(audit, now=now)


async def _audit_of(ground: Ground) -> Audit | None:
    source = ground.source
    if source.mode != "audit" or source.audits_source_id is None:
        return None
    confirmed = await drift.find_confirmation(source.tenant_id, source.audits_source_id)
    if confirmed is None:
        return None
    return Audit(
        tenant_id=source.tenant_id,
        source_id=source.source_id,
        audited_id=source.audits_source_id,
        targets=targets_of(source),
        match_target=source.match_target,
        audited_before=confirmed["confirmed_by"] == source.source_id,
    )


def targets_of(source: PullSource) -> frozenset[str] | None:
    """Return what the attribute mapping of a source speaks of; None where nobody here knows."""
    rules = source.rules
    if rules is None:
        try:
            rules = current_connectors().get_kind(source.kind).default_rules
        except UnavailableError:
            return None
    return frozenset(str(rule["target"]) for rule in rules)


async def _can_compare(ground: Ground) -> bool:
    """Whether it is known who is there: from this pull, or from a whole one before."""
    if ground.whole_users:
        return await audits.saw_anybody(ground.tenant_id, ground.source_id, ground.run_id)
    return ground.source.full_done_at is not None


async def _forget_others(audit: Audit) -> None:
    """Forget what was found of another source, which this one audited before."""
    of_source = audit.tenant_id, audit.source_id
    while ext_ids := await drift.list_of_others(*of_source, audit.audited_id, limit=BATCH):
        await in_unit(audit.tenant_id, partial(drift.drop_of_people, *of_source, ext_ids))


async def _compare_there(audit: Audit, ground: Ground, after: str, *, now: datetime) -> str:
    of_source = audit.tenant_id, audit.source_id
    if ground.whole_users:
        ext_ids = await audits.page_of_seen(*of_source, after, limit=BATCH)
    else:
        ext_ids = await audits.page_of_moved(*of_source, after, audited_id=audit.audited_id, limit=BATCH)
    if not ext_ids:
        return f"{_HERE}{_FIRST}" if ground.whole_users else _SETTLE
    examined: set[str] = set()
    waiting = set(ext_ids)
    while waiting:
        examined |= waiting
        waiting = await _compare(audit, ground, sorted(waiting), now=now) - examined
    return f"{_THERE}{ext_ids[-1]}"


async def _compare(audit: Audit, ground: Ground, ext_ids: Sequence[str], *, now: datetime) -> set[str]:
    """Compare these people and write what came of it; returns others who lost their user to one of them."""
    sights = await look(audit, ext_ids)
    began_at = ground.run.started_at
    # Whoever moved here while the directory was read is compared by the next pull: what was read may be older.
    judged = [ext_id for ext_id in ext_ids if not _is_newer(_here_of(sights, ext_id), began_at)]
    drifts = await worked_out(lambda: _judged(audit, sights, judged, now), count=len(judged) * COMPARED_COST)
    if ground.scoped and not ground.whole_groups:
        drifts = [one for one in drifts if one.kind != "missing" or _is_known(sights, one)]
    before = {(ext_id, one.target): one for ext_id in judged for one in sights.known[ext_id].drifts.values()}
    stale = sorted({ext_id for ext_id, _ in before.keys() - {(one.ext_id, one.target) for one in drifts}})
    fresh = [one for one in drifts if one.ext_id in stale or before.get((one.ext_id, one.target)) != one]
    pairs = _moved_pairs(sights, ext_ids, frozenset(judged))
    lost = [
        ext_id
        for ext_id in judged
        if (pair := sights.known[ext_id].pair) is not None
        and (ext_id not in sights.found or sights.found[ext_id].user_id != pair.user_id)
    ]
    if fresh or stale or pairs or lost:
        await in_unit(audit.tenant_id, lambda: _write(audit, ground, (stale, fresh), (lost, pairs)))
    return sights.displaced


def _is_known(sights: Sights, one: Drift) -> bool:
    """Whether it was found before: who is newly assigned through a group, only a whole pull can tell."""
    known = sights.known[one.ext_id].drifts.get(one.target)
    return known is not None and known.kind == one.kind


async def _write(
    audit: Audit,
    ground: Ground,
    drifts: tuple[Sequence[str], Sequence[Drift]],
    pairs: tuple[Sequence[str], Sequence[tuple[UserId, str, str, str, int]]],
) -> None:
    """Write differences and pairs: first those that are over, then those there are."""
    of_source = audit.tenant_id, audit.source_id
    (stale, fresh), (lost, paired) = drifts, pairs
    await drift.drop_of_people(*of_source, stale)
    if lost:
        await audits.unpair(*of_source, lost, but=[user_id for user_id, *_ in paired])
    await audits.put_pairs(*of_source, paired)
    await drift.put_drifts([_row(audit, ground, one) for one in fresh])


def _judged(audit: Audit, sights: Sights, ext_ids: Sequence[str], now: datetime) -> list[Drift]:
    found = []
    for ext_id in ext_ids:
        there, here = sights.theres.get(ext_id), _here_of(sights, ext_id)
        if there is not None:
            known = sights.known[ext_id]
            drifts = drifts_of(there, here, targets=audit.targets, managers=sights.managers, now=now)
            found += [dated(one, known, there, here) for one in drifts]
    return found


def _here_of(sights: Sights, ext_id: str) -> Here | None:
    found = sights.found.get(ext_id)
    return None if found is None else sights.heres.get(found.user_id)


def _is_newer(here: Here | None, began_at: datetime | None) -> bool:
    return here is not None and began_at is not None and here.modified_at > began_at


def _moved_pairs(
    sights: Sights, ext_ids: Sequence[str], judged: frozenset[str]
) -> list[tuple[UserId, str, str, str, int]]:
    """Return the pairs that are new, or of which either side moved; who was not judged is as never compared."""
    found: list[tuple[UserId, str, str, str, int]] = []
    for ext_id in ext_ids:
        here, there, known = _here_of(sights, ext_id), sights.theres.get(ext_id), sights.known[ext_id].pair
        if here is None or there is None:
            continue
        pair = (here.user_id, ext_id, sights.found[ext_id].way, there.state, here.version)
        if ext_id not in judged:
            if known is None or known.user_id != here.user_id:
                found.append((*pair[:3], "", 0))
        elif known is None or pair != (known.user_id, ext_id, known.way, known.state, known.version):
            found.append(pair)
    return found


async def _find_extras(audit: Audit, ground: Ground, after: UUID, *, now: datetime) -> str:
    """Find users here whom nobody there is."""
    rows = await audits.page_of_extras(
        (audit.tenant_id, audit.audited_id, audit.source_id),
        ground.run_id,
        after=after,
        before=ground.run.started_at or now,
        limit=BATCH,
    )
    if rows:
        found = [_extra(row, now) for row in rows]
        known = await drift.list_of_people(audit.tenant_id, audit.source_id, [one.ext_id for one in found])
        there = {row["ext_id"]: drift_from(row) for row in known}
        kept = [dated(one, _known_of(audit, there.get(one.ext_id)), None, None) for one in found]
        fresh = [one for one in kept if there.get(one.ext_id) != one]
        if fresh:
            await in_unit(audit.tenant_id, lambda: drift.put_drifts([_row(audit, ground, one) for one in fresh]))
    return f"{_HERE}{rows[-1]['id']}" if len(rows) == BATCH else _SETTLE


def _known_of(audit: Audit, known: Drift | None) -> Before:
    return Before(audited=audit.audited_before, drifts={} if known is None else {known.target: known}, pair=None)


def _extra(row: Row, now: datetime) -> Drift:
    """Return that nobody there is this user; for want of an id there it goes by the one here."""
    return Drift(
        kind="extra",
        ext_id=str(row["id"]),
        target="",
        user_id=UserId(row["id"]),
        label=row["display_name"][:TEXT_CHARS_MAX],
        here=row["user_name"],
        there="not found by a whole pull",
        newer="",
        since=now,
    )


async def _settle(audit: Audit, *, now: datetime) -> str | None:
    """Forget what is over of users whom nobody there is; at the end, note that the source was audited."""
    ext_ids = await drift.list_settled(audit.tenant_id, audit.source_id, audit.audited_id, limit=BATCH)
    if ext_ids:
        await in_unit(audit.tenant_id, lambda: drift.drop_of_people(audit.tenant_id, audit.source_id, ext_ids))
        return _SETTLE
    counts = await drift.count_kinds(audit.tenant_id, audit.source_id)
    people = counts["missing"] + counts["extra"] + counts["status"]
    await in_unit(
        audit.tenant_id, lambda: drift.confirm(audit.tenant_id, audit.audited_id, now, audit.source_id, people)
    )
    return None


def _row(audit: Audit, ground: Ground, one: Drift) -> tuple[object, ...]:
    of_source = (audit.tenant_id, audit.source_id, "user", one.ext_id, one.target, audit.audited_id)
    told = (one.kind, one.user_id, one.label, one.here, one.there, one.newer)
    return (*of_source, *told, ground.run_id, one.since)
