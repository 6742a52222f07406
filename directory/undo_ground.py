"""A deed with all that taking it back rests on, read inside the unit that does it, or as it is now."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import msgspec

from directory.facts import Moment
from directory.model import Actor, GroupId, UserId
from directory.store import access, circles, declared, images, people, undo, webhooks
from directory.store.policy import read_policy
from directory.store.undo import UndoDeed
from directory.undo_facts import UndoFacts, conflicts_in
from directory.undo_steps import Conflict, Image, Step
from directory.undo_tables import DEFAULT_ROLE, WATCHED, permission_for

_OF_POLICY = frozenset({"mapping_row", DEFAULT_ROLE, "role_row", "retired_role_row"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoGround:
    """A deed, its facts, and what stands against taking it back."""

    deed: UndoDeed
    facts: UndoFacts
    conflicts: tuple[Conflict, ...]
    mark: str
    """Of the rows as they are now: the same mark means that what was shown is still so."""

    @property
    def moves_policy(self) -> bool:
        """Whether mappings, default or roles change, so that many users' roles may follow."""
        return any(step.table in _OF_POLICY for step, _ in self.facts.steps)


async def ground_of(deed: UndoDeed, *, moment: Moment, hold: bool = False) -> UndoGround:
    """Read what taking a deed back rests on.

    ``hold``, in the unit that does it: policy, groups, users and then each row stay as they are until it ends, in the
    order in which verbs hold them. Who only looks waits for nobody.

    Raises:
        ForbiddenError: the actor may not put such things back.
    """
    by = moment.by
    steps = await undo.list_steps(by.tenant_id, deed.deed_id)
    for table in sorted({step.table for step in steps}):
        by.require(permission_for(table))
    moves_policy = any(step.table in _OF_POLICY for step in steps)
    wanted: Literal["to change", "to decide"] = "to change" if moves_policy else "to decide"
    policy = await read_policy(by.tenant_id, hold=wanted if hold else "no")
    ids = sorted({step.acts_on for step in steps if step.acts_on is not None})
    member_of = {user_id: await people.group_ids_to_change(by.tenant_id, user_id) for user_id in _going(steps)}
    users = await undo.list_people(by.tenant_id, ids, hold=hold)
    now = await _rows_now(by, steps, hold=hold)
    current = list(zip(steps, now, strict=True))
    group_ids = _groups_in(steps)
    roles = {role.role_id: role for role in await access.list_roles(by.tenant_id, gone=True)}
    facts = UndoFacts(
        steps=tuple(current),
        policy=policy,
        users=users,
        deleted=await _deleted(by, ids),
        blocked=frozenset(await undo.list_blocked(by.tenant_id, ids)),
        mapped={UserId(one): of for one, of in (await people.mapped_groups_of(by.tenant_id, ids)).items()},
        member_of=member_of,
        groups={one: group for one in group_ids if (group := await circles.find_group(by.tenant_id, one, gone=True))},
        live_groups=frozenset(map(GroupId, await undo.list_live_groups(by.tenant_id, group_ids))),
        roles=roles,
        live_roles=frozenset(role.role_id for role in await access.list_roles(by.tenant_id)),
        head_seq=await webhooks.find_head(by.tenant_id) if any(step.table == "webhook_row" for step in steps) else 0,
        declared={table: declared.declared_of(table) for table in {step.table for step in steps} & WATCHED.keys()},
    )
    seen = (str(deed.deed_id), str(deed.undone_by), policy.version if moves_policy else 0, now)
    return UndoGround(
        deed=deed,
        facts=facts,
        conflicts=conflicts_in(facts, moment=moment),
        mark=hashlib.sha256(msgspec.json.encode(seen, order="deterministic")).hexdigest(),
    )


async def _rows_now(by: Actor, steps: list[Step], *, hold: bool) -> list[Image | None]:
    """Return each row as it is now; held table by table and key by key, so that two undos never cross."""
    order = sorted(range(len(steps)), key=lambda at: (steps[at].table, [*map(str, steps[at].key.values())]))
    found: dict[int, Image | None] = {}
    for at in order:
        found[at] = await images.read_image(steps[at].table, by.tenant_id, steps[at].key, hold=hold)
    return [found[at] for at in range(len(steps))]


async def _deleted(by: Actor, user_ids: list[UserId]) -> frozenset[UserId]:
    there = {one.user_id for one in await people.list_role_facts(by.tenant_id, user_ids)} if user_ids else set()
    return frozenset(set(user_ids) - there)


def _going(steps: list[Step]) -> list[UserId]:
    """Return whom the undo deletes, so that their groups are held before them, as everybody does."""
    return [
        step.user_id
        for step in steps
        if step.table == "user_row" and step.user_id and (step.before is None or step.before.get("deleted"))
    ]


def _groups_in(steps: list[Step]) -> list[GroupId]:
    found = {step.key["group_id"] for step in steps if step.table == "member_row"}
    for step in steps:
        if step.table == "mapping_row":
            before, after = ({line[0]: line for line in _lines(image)} for image in (step.before, step.after))
            order = [*before] != [*after]
            found |= {one for one in {*before, *after} if order or before.get(one) != after.get(one)}
    return sorted(GroupId(UUID(str(one))) for one in found)


def _lines(image: Image | None) -> list[list[str]]:
    found: Any = (image or {}).get("lines") or []
    return list(found)
