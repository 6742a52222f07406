"""Walks through Okta's lists of users and of groups with their members, page by page."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from connectors.attribute_rules import Mapper
from connectors.errors import SourceError
from connectors.okta.client import Listed, OktaClient
from connectors.okta.mapping import OktaMember, group_record, id_of, members_moved_at, user_record
from connectors.okta.places import Place, groups_filter, moment, place_from, since_for, text_of, users_filter
from connectors.records import Done, Edge, Page, Record, Reject

USERS_MAX = 200
GROUPS_MAX = 200
MEMBERS_MAX = 1000


def begun_at(cursor: str | None, key: str, start: str) -> Place:
    """Return where a walk begins: at the start of everything, of what changed, or behind a page.

    ``start`` is the address of the list, without its filter.

    Raises:
        SourceError: the cursor is of something else.
    """
    if cursor is None:
        return Place(key=key, url=start, whole=True)
    place = place_from(cursor, key)
    if place.url is not None or place.whole or place.mark is None:
        return place
    return Place(key=key, url=start, whole=False, since=since_for(place.mark))


def ended(place: Place, objects: int) -> Done:
    """Return the end of a walk. Without a time of the server's there is nothing to go on from."""
    checkpoint = Place(key=place.key, url=None, whole=False, mark=place.mark)
    return Done(whole=place.whole, checkpoint=None if place.mark is None else text_of(checkpoint), objects=objects)


def walked_on(place: Place, listed: Listed[object], seen: set[str]) -> Place:
    """Return the place behind a page.

    Raises:
        SourceError: it leads back.
    """
    seen.add(place.url or "")
    if listed.gone:
        raise SourceError("protocol", "Okta does not know its own list", final=True)
    if listed.follows in seen:
        raise SourceError("protocol", "Okta leads us round in circles")
    mark = place.mark if place.mark or listed.at is None else moment(listed.at)
    return msgspec.structs.replace(place, url=listed.follows, mark=mark, skip=0)


async def each_users_page(
    client: OktaClient, mapper: Mapper, *, key: str, cursor: str | None, staged: bool
) -> AsyncIterator[Page | Done]:
    """Yield users: all, or who changed."""
    start = f"{client.root}/api/v1/users?limit={USERS_MAX}"
    place = begun_at(cursor, key, start)
    if place.url == start:
        place = msgspec.structs.replace(place, url=f"{start}&filter={quote(users_filter(place.since), safe='')}")
    objects = 0
    seen: set[str] = set()
    while place.url is not None:
        listed = await client.list_page(place.url, dict[str, Any], bucket="users", limit=USERS_MAX)
        place = walked_on(place, listed, seen)
        made = [user_record(one, mapper, staged=staged) for one in listed.items]
        records = [one for one in made if isinstance(one, Record)]
        objects += len(records)
        rejects = [one for one in made if isinstance(one, Reject)]
        yield Page(records=records, rejects=rejects, resume=text_of(place))
    yield ended(place, objects)


@dataclass(frozen=True, slots=True)
class Meant:
    """Which groups are read: all of them, or those that are assigned; and how many side by side."""

    ids: frozenset[str] | None
    parallel: int


async def each_groups_page(
    client: OktaClient, meant: Meant, *, key: str, cursor: str | None
) -> AsyncIterator[Page | Done]:
    """Yield groups, all or those that changed, each page followed by the members of those whose members changed."""
    start = f"{client.root}/api/v1/groups?limit={GROUPS_MAX}"
    place = begun_at(cursor, key, start)
    if place.url == start and place.since is not None:
        place = msgspec.structs.replace(place, url=f"{start}&filter={quote(groups_filter(place.since), safe='')}")
    objects = 0
    seen: set[str] = set()
    while place.url is not None:
        listed = await client.list_page(place.url, dict[str, Any], bucket="groups", limit=GROUPS_MAX)
        after = walked_on(place, listed, seen)
        groups = [one for one in listed.items if meant.ids is None or id_of(one) in meant.ids]
        here = msgspec.structs.replace(place, mark=after.mark)
        made = [group_record(one) for one in groups]
        records = [one for one in made if isinstance(one, Record)]
        objects += len(records)
        rejects = [one for one in made if isinstance(one, Reject)]
        yield Page(records=records, rejects=rejects, resume=text_of(here))
        taken = {one.ext_id for one in records}
        moved = [id_of(one) for one in groups if id_of(one) in taken and _has_moved(one, place)]
        async for page in _each_members_page(client, moved, here, meant.parallel):
            yield page
        place = after
        yield Page(resume=text_of(place))
    yield ended(place, objects)


def _has_moved(group: Mapping[str, Any], place: Place) -> bool:
    """Tell whether members are to be read: always from the start, else if they changed. Texts of one form compare."""
    moved_at = members_moved_at(group)
    return place.since is None or not moved_at or moved_at >= place.since


async def _each_members_page(client: OktaClient, groups: list[str], here: Place, parallel: int) -> AsyncIterator[Page]:
    """Yield the members of groups, a few groups side by side; ``here`` is the page of groups that they are on."""
    order = {group: at for at, group in enumerate(groups)}
    waiting = deque(groups[here.skip :])
    reading: dict[str, str] = {}
    while waiting or reading:
        while waiting and len(reading) < parallel:
            group = waiting.popleft()
            reading[group] = f"{client.root}/api/v1/groups/{group}/users?limit={MEMBERS_MAX}"
        found = await _read_side_by_side(client, reading)
        edges = [Edge(group, one.id, "user") for group, listed in found.items() for one in listed.items]
        complete = [group for group, listed in found.items() if listed.follows is None and not listed.gone]
        reading = {group: listed.follows for group, listed in found.items() if listed.follows is not None}
        unread = [order[group] for group in (*reading, *waiting)]
        resume = msgspec.structs.replace(here, skip=min(unread, default=len(groups)))
        yield Page(edges=edges, complete_groups=complete, resume=text_of(resume))


async def _read_side_by_side(client: OktaClient, reading: dict[str, str]) -> dict[str, Listed[OktaMember]]:
    try:
        async with asyncio.TaskGroup() as tasks:
            asked = {
                group: tasks.create_task(client.list_page(url, OktaMember, bucket="members", limit=MEMBERS_MAX))
                for group, url in reading.items()
            }
    except* SourceError as several:
        raise _first_of(several) from several
    for group, task in asked.items():
        if task.result().follows == reading[group]:
            raise SourceError("protocol", "Okta leads us round in circles")
    return {group: task.result() for group, task in asked.items()}


def _first_of(several: BaseExceptionGroup[SourceError]) -> SourceError:
    """Return one error for many; one that somebody has to act on before others."""
    found: list[SourceError] = []
    for one in several.exceptions:
        found += [one] if isinstance(one, SourceError) else [_first_of(one)]
    return next((one for one in found if one.permanent), found[0])
