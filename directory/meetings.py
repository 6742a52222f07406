"""Who arrives and meets somebody: nobody is taken over; the pair is told apart, and waits for a decision."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from directory.commit import commit_plan, in_unit_of, source_of
from directory.edits import UserEdit
from directory.errors import AlreadyExistsError, MetError
from directory.facts import Moment
from directory.model import Actor, JsonObject, SourceId, User, UserAttributes, UserId
from directory.names import name_key
from directory.person import emails_of
from directory.plan import Event, Plan
from directory.store import adoptions, people

Matched = Literal["user name", "external id", "e-mail", "returned"]
"""What a newcomer has in common with whom it met; *returned*: its source deleted somebody of that user name."""

OnMatch = Literal["queue", "refuse", "apart"]

OPEN_MAX = 5_000
"""Pairs of one source that wait for a decision; more are refused alike, and not listed."""

KEPT_FOR = timedelta(hours=24)
"""So long after an adoption the first words of the source leave user name and e-mail as they were."""

INCOMING_BYTES_MAX = 64 * 1024
_ALWAYS_KEPT = ("userName", "externalId", "active", "displayName", "name", "emails", "title")
_NAMES = ("userName", "emails")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One person whom a newcomer met."""

    user_id: UserId
    matched: Matched


class MeetingError(MetError):
    """A newcomer met people; outside of the transaction, which is undone, they are noted."""

    def __init__(self, attribute: str, value: str, met: tuple[Meeting, ...], *, queued: bool = True) -> None:
        super().__init__(attribute, value, queued=queued)
        self.met = met


def keys_of(attributes: UserAttributes) -> list[str]:
    """Return the keys of a newcomer's user name and addresses."""
    return sorted({name_key(attributes.user_name), *(name_key(address) for _, address in emails_of(attributes))})


def known_as(attributes: UserAttributes, own_user_id: UserId | None = None) -> str:
    """Return what tells the newcomers of a source apart: its own user, the externalId, or the user name."""
    if own_user_id is not None:
        return f"user {own_user_id}"
    external_id = attributes.external_id
    return f"name {name_key(attributes.user_name)}" if external_id is None else known_by(external_id)


def known_by(external_id: str) -> str:
    """Return what tells a newcomer apart whose id is known."""
    return f"id {external_id}"


def met_owner(twin: User, attributes: UserAttributes, *, by_name: bool) -> MeetingError:
    """Return the refusal of a newcomer with the user name, or the former externalId, of somebody who is not its own."""
    attribute = "userName" if by_name else "externalId"
    value = attributes.user_name if by_name else str(attributes.external_id)
    meeting = Meeting(user_id=twin.user_id, matched="user name" if by_name else "external id")
    return MeetingError(attribute, value, (meeting,))


async def check_newcomer(attributes: UserAttributes, *, by: Actor, on_match: OnMatch) -> None:
    """Refuse a newcomer with an address of somebody who is here, or with the name of whom its source deleted.

    Who was told apart before is let in; so is everybody where the source says so.

    Raises:
        MeetingError: names whom it met.
    """
    if on_match == "apart":
        return
    tenant_id, source_id, keys = by.tenant_id, source_of(by), keys_of(attributes)
    met = [Meeting(user_id=one, matched="e-mail") for one in await adoptions.list_met(tenant_id, source_id, keys)]
    if attributes.external_id is not None:
        gone = await adoptions.list_returned(tenant_id, source_id, name_key(attributes.user_name))
        met += [Meeting(user_id=one, matched="returned") for one in gone]
    if not met:
        return
    states = await adoptions.decided_pairs(tenant_id, source_id, known_as(attributes))
    undecided = tuple(one for one in met if states.get(one.user_id) != "apart")
    if undecided:
        first = undecided[0]
        address = next((address for _, address in emails_of(attributes)), attributes.user_name)
        attribute, value = ("emails", address) if first.matched == "e-mail" else ("userName", attributes.user_name)
        raise MeetingError(attribute, value, undecided, queued=on_match == "queue")


async def is_expected(twin: User, attributes: UserAttributes, source_id: SourceId) -> bool:
    """Whether an operator gave this user to the source, which has said nothing of it since: now it may."""
    if twin.source_id != source_id:
        return False
    found = await adoptions.find_contact(twin.tenant_id, twin.user_id, source_id, known_as(attributes))
    return found is not None


async def at_first_contact(user: User, edit: UserEdit, *, moment: Moment) -> UserEdit | None:
    """Return the edit as it may be if these are the source's first words of a user it was given; None otherwise.

    An adoption never rewrites user name and e-mail at once: it would be a way to somebody's account. What the source
    reports later is taken.
    """
    if user.source_id is None:
        return None
    found = await adoptions.find_contact(user.tenant_id, user.user_id, user.source_id)
    if found is None:
        return None
    await adoptions.settle_contact(user.tenant_id, user.user_id, user.source_id, moment.at)
    if found["state"] != "adopted" or found["decided_at"] + KEPT_FOR < moment.at:
        return edit

    def kept(attributes: UserAttributes) -> UserAttributes:
        after = edit(attributes).document
        rest = {name: value for name, value in after.items() if name not in _NAMES}
        said = {name: attributes.document[name] for name in _NAMES if name in attributes.document}
        return UserAttributes({**rest, **said})

    return kept


def moves_names(before: User, after: UserAttributes) -> bool:
    """Whether user name or e-mail addresses are others."""
    return before.attributes.user_name != after.user_name or emails_of(before.attributes) != emails_of(after)


async def note_meeting(
    error: MeetingError, attributes: UserAttributes, *, by: Actor, now: datetime, own_user_id: UserId | None = None
) -> None:
    """Put whom a newcomer met into the queue, once for each pair; the first time is an event.

    The request that was refused has its own record, so the actor is without it here.
    """
    if not error.queued:
        return
    actor = replace(by, request=None)

    async def body() -> None:
        await _note(error.met, attributes, by=actor, now=now, own_user_id=own_user_id)

    await in_unit_of(actor, body)


async def note_taken(user_id: UserId, error: AlreadyExistsError, *, by: Actor, now: datetime) -> None:
    """Put it into the queue that a source wanted to give its user the name of somebody who is not its own."""
    if error.attribute != "userName" or isinstance(error, MetError):
        return
    actor = replace(by, request=None)

    async def body() -> None:
        owner = await people.find_by_name(by.tenant_id, error.value)
        if owner is not None and owner.source_id != by.source_id:
            met = (Meeting(user_id=owner.user_id, matched="user name"),)
            wanted = UserAttributes({"userName": error.value})
            await _note(met, wanted, by=actor, now=now, own_user_id=user_id)

    await in_unit_of(actor, body)


async def note_shared(before: User, after: User, *, moment: Moment) -> None:
    """Put it into the queue, inside the open unit, that a source gives its user the address of somebody else.

    Nothing follows from it: an address is no key. But somebody may want to know.
    """
    said = {name_key(address) for _, address in emails_of(before.attributes)}
    fresh = sorted({name_key(address) for _, address in emails_of(after.attributes)} - said)
    if not fresh or after.source_id is None or moment.by.source_id is None:
        return
    found = await adoptions.list_met(after.tenant_id, after.source_id, fresh)
    met = tuple(Meeting(user_id=user_id, matched="e-mail") for user_id in found)
    actor = replace(moment.by, request=None)
    await _note(met, after.attributes, by=actor, now=moment.at, own_user_id=after.user_id)


async def note_return(before: User, after: User, *, moment: Moment) -> None:
    """Note, inside the open unit, that a source brought its deleted user back.

    What an operator gave it has been taken by that, and an address of somebody else is told as with a change.
    """
    if after.source_id is not None:
        await adoptions.settle_contact(after.tenant_id, after.user_id, after.source_id, moment.at)
    await note_shared(before, after, moment=moment)


async def _note(
    met: tuple[Meeting, ...],
    attributes: UserAttributes,
    *,
    by: Actor,
    now: datetime,
    own_user_id: UserId | None,
) -> None:
    source_id = source_of(by)
    states = await adoptions.decided_pairs(by.tenant_id, source_id, known_as(attributes, own_user_id))
    full = bool(met) and await adoptions.count_open(by.tenant_id, source_id, at_most=OPEN_MAX) >= OPEN_MAX
    for one in met:
        if full and one.user_id not in states:
            continue
        incoming = msgspec.json.encode(_shortened(attributes)).decode()
        values = (known_as(attributes, own_user_id), attributes.external_id, one.user_id, one.matched, own_user_id)
        if await adoptions.note_pair(by.tenant_id, source_id, (*values, incoming), now):
            told = Event(
                action="user:adoption:asked",
                subject_kind="user",
                subject_id=one.user_id,
                subject_label="",
            )
            await commit_plan(Plan(events=(told,)), by=by, now=now)


def _shortened(attributes: UserAttributes) -> JsonObject:
    document = dict(attributes.document)
    if len(msgspec.json.encode(document)) <= INCOMING_BYTES_MAX:
        return document
    return {name: document[name] for name in _ALWAYS_KEPT if name in document and name != "emails"}
