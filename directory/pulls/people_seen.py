"""People whom a source spoke of, as values: from their rows, and with whom newcomers among them meet."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal
from uuid import UUID

from directory.meetings import Matched, keys_of, known_as
from directory.model import GroupId, UserAttributes, UserId
from directory.names import name_key
from directory.pulls.ground import Ground
from directory.pulls.outlooks import Known, Outlook, SeenUser, outlook_for
from directory.store import adoptions
from directory.store.pulls.newcomers import look_around_many
from directory.store.pulls.seen import list_known
from directory.store.rows import document_from
from directory.store.unit import Row
from directory.threads import MANY, worked_out

MetBy = Literal["name", "id", "waits", "address", "returned"]
_MATCHED: dict[str, Matched] = {"name": "user name", "id": "external id", "address": "e-mail", "returned": "returned"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What a newcomer meets."""

    matched: Matched | None = None
    """What it has in common with somebody who is not the source's, so that somebody decides."""
    own: bool = False
    """Whether it is somebody, or something, of its own source."""
    group_ids: frozenset[GroupId] = field(default_factory=frozenset)
    """Groups that wait for it."""


def seen_user_from(row: Row, known: Row | None) -> SeenUser:
    """Return what was said of one person, and who that is here."""
    return SeenUser(
        ext_id=row["ext_id"],
        op=row["op"],
        said=document_from(row["said"]),
        reason=row["reason"],
        in_scope=row["in_scope"],
        left_out=row["left_out"],
        gone=row["gone"],
        problem=row["problem"],
        known=None if known is None else _known_from(known),
    )


def _known_from(row: Row) -> Known:
    return Known(
        user_id=UserId(row["id"]),
        source_id=row["source_id"],
        attributes=UserAttributes(document_from(row["document"])),
        label=row["display_name"],
        active=row["active"],
        deleted=row["deleted_at"] is not None,
        reported_deleted=row["reported_deleted_at"] is not None,
    )


async def outlooks_of(ground: Ground, rows: Sequence[Row]) -> list[tuple[SeenUser, Outlook]]:
    """Return what is to be done about people who wait to be applied."""
    ext_ids = [row["ext_id"] for row in rows]
    found_here = await list_known(ground.tenant_id, ground.source_id, ext_ids)
    known = {row["external_id"]: row for row in found_here}

    def looked() -> list[tuple[SeenUser, Outlook]]:
        found: list[tuple[SeenUser, Outlook]] = []
        for row in rows:
            seen = seen_user_from(row, known.get(row["ext_id"]))
            found.append((seen, outlook_for(seen, source_id=ground.source_id)))
        return found

    return await worked_out(looked, count=MANY if len(rows) > 50 else 0)  # 40 us for each


async def meetings_of(ground: Ground, newcomers: Iterable[Outlook]) -> dict[str, Met]:
    """Return whom newcomers meet, by their ids; who meets nobody is left out. Nothing is held."""
    coming = [(one, one.attributes) for one in newcomers if one.attributes is not None]
    if not coming:
        return {}
    addresses = {one.ext_id: keys_of(attributes) for one, attributes in coming}
    rows = await look_around_many(
        ground.tenant_id,
        ground.source_id,
        name_keys=[name_key(attributes.user_name) for _, attributes in coming],
        external_ids=[one.ext_id for one, _ in coming],
        keys=[] if ground.on_match == "apart" else sorted({key for keys in addresses.values() for key in keys}),
    )
    if not rows:
        return {}
    by_value: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        by_value[row["met"], row["value"]].append(row)
    return await worked_out(partial(_met_by, ground, coming, addresses, by_value), count=len(coming))


def _met_by(
    ground: Ground,
    coming: Sequence[tuple[Outlook, UserAttributes]],
    addresses: Mapping[str, Sequence[str]],
    by_value: Mapping[tuple[str, str], Sequence[Row]],
) -> dict[str, Met]:
    found: dict[str, Met] = {}
    for one, attributes in coming:
        name = name_key(attributes.user_name)
        met: dict[str, Sequence[Row]] = {
            "name": by_value.get(("name", name), ()),
            "id": by_value.get(("id", one.ext_id), ()),
            "address": [row for key in addresses[one.ext_id] for row in by_value.get(("address", key), ())],
            "returned": () if ground.on_match == "apart" else by_value.get(("returned", name), ()),
            "waits": by_value.get(("waits", one.ext_id), ()),
        }
        if any(met.values()):
            found[one.ext_id] = _met(ground, met, one.subject_id)
    return found


def _met(ground: Ground, met: Mapping[str, Sequence[Row]], own_id: UUID | None) -> Met:
    first: Matched | None = None
    for kind in ("name", "id", "address", "returned"):
        strangers = [row for row in met[kind] if row["id"] != own_id and not _is_own(ground, kind, row)]
        if strangers and own_id is None:
            first = first or _MATCHED[kind]
    own = any(_is_own(ground, kind, row) for kind in ("name", "id") for row in met[kind])
    groups = frozenset(GroupId(row["id"]) for row in met["waits"] if row["source_id"] == ground.source_id)
    return Met(matched=first, own=own, group_ids=groups)


def _is_own(ground: Ground, kind: str, row: Row) -> bool:
    return kind in {"name", "id"} and row["source_id"] == ground.source_id


async def told_apart(ground: Ground, outlook: Outlook, met: Met) -> bool:
    """Whether somebody decided already that this newcomer is none of those whom it meets by address."""
    if met.matched not in {"e-mail", "returned"} or outlook.attributes is None:
        return False
    states = await adoptions.decided_pairs(ground.tenant_id, ground.source_id, known_as(outlook.attributes))
    return bool(states) and set(states.values()) == {"apart"}


def as_met(outlook: Outlook, met: Met) -> Outlook:
    """Return the outlook of a newcomer who waits for a decision."""
    return replace(outlook, action="user:meet", detail=f"the same {met.matched} as somebody who is here")
