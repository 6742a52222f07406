"""User names that go from one person of a source to another within one run: chains of them, and circles."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.errors import AlreadyExistsError
from directory.model import User, UserAttributes, UserId
from directory.person import promoted_from
from directory.plan import Event, Plan, changed_attributes
from directory.pulls.ground import Ground
from directory.pulls.name_order import order_by_names
from directory.pulls.outlooks import Outlook, SeenUser
from directory.pulls.people_seen import outlooks_of
from directory.renames import Rename, RenameUsers
from directory.store import adoptions, people
from directory.store.pulls import seen as seen_rows
from directory.store.rows import document_from

TOGETHER_MAX = 300
"""So many people are looked at for whom a name waits; whoever is further behind is refused, and comes next time."""

Person = tuple[SeenUser, Outlook]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """People in the order in which they are applied."""

    people: list[Person]
    circles: list[list[Person]] = field(default_factory=list)
    """Those whose names go round."""
    late: frozenset[str] = frozenset()
    """Those whose name belongs to somebody whom this run deletes, and those who wait for them."""


async def in_order_of_names(ground: Ground, some: Sequence[Person]) -> Ordered:
    """Return people with those who first have to leave the names that they are to have, and the order of all."""
    everybody = {seen.ext_id: (seen, outlook) for seen, outlook in some}
    owners: dict[str, str] = {}
    looked: set[str] = set()
    while fresh := _wanted(everybody) - looked:
        looked |= fresh
        found = await seen_rows.list_name_owners(ground.tenant_id, ground.source_id, sorted(fresh))
        owners |= {name: str(document_from(text).get("externalId", "")) for name, _, text in found}
        unknown = [ext_id for ext_id in owners.values() if ext_id not in everybody]
        if unknown and len(everybody) < TOGETHER_MAX:
            rows = await seen_rows.list_these(ground.tenant_id, ground.source_id, unknown)
            everybody |= {seen.ext_id: (seen, outlook) for seen, outlook in await outlooks_of(ground, rows)}
    return _ordered(everybody, owners, frozenset(seen.ext_id for seen, _ in some))


def _wanted(everybody: dict[str, Person]) -> set[str]:
    names = (outlook.wanted_name for _, outlook in everybody.values())
    return {name for name in names if name is not None}


def _ordered(everybody: dict[str, Person], owners: dict[str, str], asked: frozenset[str]) -> Ordered:
    waits_for: dict[str, str] = {}
    late: set[str] = set()
    for ext_id, (_, outlook) in everybody.items():
        owner = owners.get(outlook.wanted_name or "", ext_id)
        if owner == ext_id or owner not in everybody:
            continue
        if everybody[owner][1].frees_name:
            waits_for[ext_id] = owner
        elif everybody[owner][1].deed == "delete":
            late.add(ext_id)
    while behind := {ext_id for ext_id, owner in waits_for.items() if owner in late and ext_id not in late}:
        late |= behind
    meant = [ext_id for ext_id, (_, outlook) in everybody.items() if ext_id in asked or outlook.frees_name]
    order, circles = order_by_names(waits_for, meant)
    return Ordered(
        people=[everybody[ext_id] for ext_id in order],
        circles=[[everybody[ext_id] for ext_id in circle] for circle in circles],
        late=frozenset(late),
    )


async def swap_names(ground: Ground, circle: Sequence[Outlook], *, now: datetime) -> bool:
    """Give people the user names of each other, all at once; False: one of them cannot be given another name now.

    Each gets a name that nobody else can have on the way: rows of one statement are checked one by one.
    """

    async def body() -> bool:
        named: list[tuple[User, User]] = []
        for outlook in sorted(circle, key=_subject_of):
            user = await people.find_user_to_edit(
                ground.tenant_id, UserId(_subject_of(outlook)), source_id=ground.source_id
            )
            if user is None or outlook.attributes is None:
                return False
            if await adoptions.find_contact(ground.tenant_id, user.user_id, ground.source_id) is not None:
                return False
            after = _renamed(user, outlook.attributes.user_name, now=now)
            named.append((user, replace(after, version=user.version + 1)))
        await commit_plan(_swap(named, now=now), by=ground.by, now=now)
        return True

    try:
        return await in_unit_of(ground.by, body)
    except AlreadyExistsError:
        return False


def _subject_of(outlook: Outlook) -> UUID:
    assert outlook.subject_id is not None  # noqa: S101  # only users who are here are renamed
    return outlook.subject_id


def _renamed(user: User, user_name: str, *, now: datetime) -> User:
    attributes = UserAttributes({**user.attributes.document, "userName": user_name})
    return replace(user, attributes=attributes, promoted=promoted_from(attributes), modified_at=now)


def _swap(named: Sequence[tuple[User, User]], *, now: datetime) -> Plan:
    away = tuple(
        Rename(user=_renamed(before, str(before.user_id), now=now), expected_version=before.version)
        for before, _ in named
    )
    there = tuple(Rename(user=after, expected_version=before.version) for before, after in named)
    events = tuple(
        Event(
            action="user:changed",
            subject_kind="user",
            subject_id=after.user_id,
            subject_label=after.promoted.display_name,
            changes=changed_attributes(before.attributes.document, after.attributes.document),
        )
        for before, after in named
    )
    return Plan(changes=(RenameUsers(renames=away), RenameUsers(renames=there)), events=events)
