"""What one batch of an audit looks at: people there, users here, who is whom, and whom their managers are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from directory.model import SourceId, TenantId, UserId
from directory.names import name_key
from directory.pulls.audit_findings import NO_MANAGERS, Before, Managers
from directory.pulls.audit_pairs import Candidate, paired
from directory.pulls.audit_values import Here, Pair, There, there_from
from directory.pulls.model import Drift
from directory.pulls.targets import MANAGER, path_of
from directory.store import manager_refs
from directory.store.manager_refs import asked_by
from directory.store.pulls import audits, drift
from directory.store.unit import Row
from directory.threads import worked_out

DECODED_COST = 10
"""How many plain values reading one document is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Which source looks at which, and by what."""

    tenant_id: TenantId
    source_id: SourceId
    audited_id: SourceId
    targets: frozenset[str] | None
    """What is mapped; None: all that was said."""
    match_target: str | None
    audited_before: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sights:
    """One batch."""

    theres: dict[str, There]
    found: dict[str, Candidate]
    heres: dict[UserId, Here]
    managers: Managers
    known: dict[str, Before]
    displaced: set[str]
    """Others who lost their user to one of these."""


async def look(audit: Audit, ext_ids: Sequence[str]) -> Sights:
    """Return what is to be compared of these people."""
    theres = await _theres(audit, ext_ids)
    candidates = await _candidates(audit, theres)
    of_people = await audits.pairs_of_people(audit.tenant_id, audit.source_id, ext_ids)
    user_ids = list({one.user_id for one in candidates})
    of_users = await audits.pairs_of_users(audit.tenant_id, audit.source_id, user_ids)
    found, displaced = paired(theres, candidates, [_pair_from(row) for row in of_users])
    heres = await _heres(audit, [one.user_id for one in found.values()])
    return Sights(
        theres=theres,
        found=found,
        heres=heres,
        managers=await _managers(audit, [there for there in theres.values() if there.ext_id in found], heres),
        known=await _before(audit, ext_ids, {row["ext_id"]: _pair_from(row) for row in of_people}),
        displaced=displaced,
    )


async def _theres(audit: Audit, ext_ids: Sequence[str]) -> dict[str, There]:
    rows = await audits.list_seen(audit.tenant_id, audit.source_id, ext_ids)
    found = await worked_out(lambda: [there_from(row) for row in rows], count=len(rows) * DECODED_COST)
    return {one.ext_id: one for one in found}


async def _candidates(audit: Audit, theres: Mapping[str, There]) -> list[Candidate]:
    """Return who could be whom: by external id, those left by user name, and those left then by the attribute."""
    scope = audit.tenant_id, audit.audited_id
    linked = await audits.users_by_link(*scope, list(theres))
    found = [Candidate(ext_id, user_id, "external id") for ext_id, user_id in linked.items()]
    keys = {ext_id: name_key(one.user_name) for ext_id, one in theres.items() if ext_id not in linked and one.user_name}
    named = await audits.users_by_name(*scope, sorted(set(keys.values())))
    found += [Candidate(ext_id, named[key], "user name") for ext_id, key in keys.items() if key in named]
    path = None if audit.match_target is None else path_of(audit.match_target)
    if path is None:
        return found
    left = [one for one in theres.values() if keys.get(one.ext_id) not in named and one.ext_id not in linked]
    values = {one.ext_id: name_key(value) for one in left if not one.absent and (value := _text_at(one, audit))}
    if values:
        valued = await audits.users_by_value(*scope, path, sorted(set(values.values())))
        found += [Candidate(ext_id, valued[key], "attribute") for ext_id, key in values.items() if key in valued]
    return found


def _text_at(there: There, audit: Audit) -> str:
    value = there.said.get(audit.match_target or "")
    return value if isinstance(value, str) else ""


async def _heres(audit: Audit, user_ids: Sequence[UserId]) -> dict[UserId, Here]:
    rows, former = await audits.list_users(audit.tenant_id, user_ids)

    def work() -> list[Here]:
        return [_here_from(row, former.get(UserId(row["id"]), [])) for row in rows]

    return {one.user_id: one for one in await worked_out(work, count=len(rows) * DECODED_COST)}


async def _managers(audit: Audit, theres: Sequence[There], heres: Mapping[UserId, Here]) -> Managers:
    if audit.targets is not None and MANAGER not in audit.targets:
        return NO_MANAGERS
    meant_there = await _meant_there(audit, sorted({one.manager for one in theres if one.manager}))
    asked = {asked_by(audit.audited_id, one.manager_ref) for one in heres.values() if one.manager_ref}
    meant = await manager_refs.resolve(audit.tenant_id, asked) if asked else {}
    meant_here = {one.ref: who.user_id for one, who in meant.items()}
    labels = await audits.labels_of(audit.tenant_id, list({*meant_there.values(), *meant_here.values()}))
    return Managers(there=meant_there, here=meant_here, labels=labels)


async def _meant_there(audit: Audit, ext_ids: Sequence[str]) -> dict[str, UserId]:
    """Return the users here whom ids there stand for, by the same ways as everybody."""
    if not ext_ids:
        return {}
    theres = await _theres(audit, ext_ids)
    found, _ = paired(theres, await _candidates(audit, theres), ())
    return {ext_id: one.user_id for ext_id, one in found.items()}


async def _before(audit: Audit, ext_ids: Sequence[str], pairs: Mapping[str, Pair]) -> dict[str, Before]:
    drifts: dict[str, dict[str, Drift]] = {}
    for row in await drift.list_of_people(audit.tenant_id, audit.source_id, ext_ids):
        if row["audited_id"] == audit.audited_id:
            drifts.setdefault(row["ext_id"], {})[row["target"]] = drift_from(row)
    return {
        ext_id: Before(audited=audit.audited_before, drifts=drifts.get(ext_id, {}), pair=pairs.get(ext_id))
        for ext_id in ext_ids
    }


def drift_from(row: Row) -> Drift:
    """Return a difference from its row."""
    same = ("ext_id", "target", "label", "here", "there", "newer", "since")
    user_id = row["user_id"]
    return Drift(
        kind=row["drift"], user_id=None if user_id is None else UserId(user_id), **{name: row[name] for name in same}
    )


def _pair_from(row: Row) -> Pair:
    return Pair(
        ext_id=row["ext_id"],
        user_id=UserId(row["user_id"]),
        way=row["way"],
        state=row["hash"],
        version=row["version"],
        absent=bool(row["absent"]),
    )


def _here_from(row: Row, former: Sequence[str]) -> Here:
    return Here(
        user_id=UserId(row["id"]),
        label=row["display_name"],
        user_name=row["user_name"],
        names=frozenset({row["user_name_key"], *former}),
        document=msgspec.json.decode(row["document"], type=dict),
        active=bool(row["reported_active"]),
        manager_ref=row["manager_ref"],
        version=row["version"],
        modified_at=row["modified_at"],
    )
