"""The delta queries of our own Graph: chains of pages over users and over groups with their members."""

import base64
import re
from dataclasses import dataclass, field

import msgspec

from tests.fakes.graph_people import GROUP, USER, group_id, number_of, reference, shown_group, shown_user, user_id
from tests.fakes.population import Change, Person, Population
from tests.fakes.web import Asked, Reply


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What a skip token or a delta token stands for."""

    kind: str
    select: list[str]
    since: int
    """Lines of the log that the client has seen; the round goes from there."""
    until: int
    ids: list[int] = []
    first: bool = True
    """Whether the round shows everything."""
    at: int = 0
    inside: int = 0
    """How many members of the group at ``at`` were shown on pages before."""
    done: bool = False
    generation: int = 0


@dataclass(slots=True)
class Deltas:
    """The two delta endpoints over a population."""

    people: Population
    page_size: int = 200
    member_page: int = 1000
    empty_pages: bool = False
    """Whether a page without anything, but with a next link, comes before each."""
    replay: bool = False
    """Whether a round shows the last ten changes of the one before again."""
    ghosts: bool = False
    """Whether the first round names people who were deleted before."""
    reordered: bool = False
    """Whether the objects of a page come in another order, and one of them twice."""
    limited: bool = False
    """Whether users are shown as without the permission to read them: ids and nulls."""
    nobody: bool = False
    """Whether a chain from the start shows nothing at all."""
    hides: tuple[str, ...] = ()
    """Properties that are missing in rounds after the first (docs#2255, graph-explorer-v4#4018)."""
    generation: int = 0
    """Grows when all tokens expire."""
    expiry: int = 410
    served_empty: set[str] = field(default_factory=set)

    def answer(self, asked: Asked, base: str, kind: str) -> Reply:
        """Give one page of a chain."""
        root = f"{base}/v1.0/{kind}/delta"
        token = asked.query.get("$skiptoken") or asked.query.get("$deltatoken")
        if token == "latest":
            mark = self._start(asked, kind)
            return self._page(root, [], msgspec.structs.replace(mark, done=True))
        if not token:
            return self._round(root, self._start(asked, kind))
        mark = msgspec.json.decode(base64.urlsafe_b64decode(token), type=Mark)
        if mark.generation != self.generation:
            return self._expired(root)
        if self.empty_pages and token not in self.served_empty:
            self.served_empty.add(token)
            return Reply(document={"value": [], "@odata.nextLink": f"{root}?$skiptoken={token}&again=1"})
        return self._round(root, self._next_round(mark) if mark.done else mark)

    def _expired(self, root: str) -> Reply:
        if self.expiry == 410:
            error = {"code": "resyncRequired", "message": "Resync required."}
            return Reply(410, {"error": error}, [("Location", f"{root}?$deltatoken=")])
        return Reply(self.expiry, {"error": {"code": "SyncStateNotFound", "message": "The sync state is not found."}})

    def _start(self, asked: Asked, kind: str) -> Mark:
        select = asked.query.get("$select", "id,displayName").split(",")
        letter = "a" if kind == "users" else "b"
        wanted = re.findall(r"id eq '([^']+)'", asked.query.get("$filter", ""))
        ids = [number for one in wanted if (number := number_of(one, letter)) is not None]
        now = len(self.people.log)
        return Mark(kind=kind, select=select, since=now, until=now, ids=ids, generation=self.generation)

    def _next_round(self, mark: Mark) -> Mark:
        since = max(0, mark.until - 10) if self.replay else mark.until
        until = len(self.people.log)
        return msgspec.structs.replace(mark, first=False, since=since, until=until, at=0, inside=0, done=False)

    def _round(self, root: str, mark: Mark) -> Reply:
        if self.nobody and mark.first:
            return self._page(root, [], msgspec.structs.replace(mark, done=True))
        shown, after = self._users(mark) if mark.kind == "users" else self._groups(mark)
        if self.reordered and shown:
            shown = [*shown[::-1], shown[0]]
        return self._page(root, shown, after)

    def _page(self, root: str, shown: list[dict[str, object]], mark: Mark) -> Reply:
        token = base64.urlsafe_b64encode(msgspec.json.encode(mark)).decode()
        key, name = ("@odata.deltaLink", "$deltatoken") if mark.done else ("@odata.nextLink", "$skiptoken")
        return Reply(document={"@odata.context": "…", key: f"{root}?{name}={token}", "value": shown})

    def _numbers(self, mark: Mark, count: int, subject: str) -> list[int]:
        if mark.first:
            return mark.ids or list(range(count))
        log = self.people.log[mark.since : mark.until]
        moved = dict.fromkeys(change.number for change in log if change.subject == subject)
        return [number for number in moved if not mark.ids or number in mark.ids]

    def _users(self, mark: Mark) -> tuple[list[dict[str, object]], Mark]:
        numbers = self._numbers(mark, self.people.user_count, "user")
        part = numbers[mark.at : mark.at + self.page_size]
        shown = [one for number in part if (one := self._user(self.people.person(number), mark))]
        if self.ghosts and mark.first and not mark.at:
            shown.append({"id": user_id(9_999_999), "@removed": {"reason": "deleted"}})
        at = mark.at + self.page_size
        return shown, msgspec.structs.replace(mark, at=at, done=at >= len(numbers))

    def _user(self, person: Person, mark: Mark) -> dict[str, object]:
        ident: dict[str, object] = {"id": user_id(person.number)}
        if person.gone == "soft":
            return ident | {"@removed": {"reason": "changed"}}
        if person.gone == "purged":
            return {} if mark.first and not self.ghosts else ident | {"@removed": {"reason": "deleted"}}
        values = shown_user(person, mark.select, limited=self.limited)
        if self.limited:
            return values
        values = {name: value for name, value in values.items() if value is not None}
        if "manager" in mark.select and person.manager is not None:
            values["manager@delta"] = [reference(person.manager, USER)]
        hidden = () if mark.first else self.hides
        return {name: value for name, value in values.items() if name not in hidden}

    def _groups(self, mark: Mark) -> tuple[list[dict[str, object]], Mark]:
        numbers = self._numbers(mark, len(self.people.crews), "group")
        at, inside, room = mark.at, mark.inside, self.member_page
        shown: list[dict[str, object]] = []
        while at < len(numbers) and room > 0 and len(shown) < self.page_size:
            members = self._members(numbers[at], mark)
            part = members[inside : inside + room]
            shown += self._group(numbers[at], part, mark)
            room -= len(part)
            ended = inside + len(part) >= len(members)
            at, inside = (at + 1, 0) if ended else (at, inside + len(part))
        return shown, msgspec.structs.replace(mark, at=at, inside=inside, done=at >= len(numbers))

    def _group(self, number: int, part: list[dict[str, object]], mark: Mark) -> list[dict[str, object]]:
        crew = self.people.crews[number]
        if crew.gone:
            return [] if mark.first else [{"id": group_id(number), "@removed": {"reason": "deleted"}}]
        values = {name: value for name, value in shown_group(crew, mark.select).items() if value is not None}
        return [values | {"members@delta": part}] if part and "members" in mark.select else [values]

    def _members(self, number: int, mark: Mark) -> list[dict[str, object]]:
        if "members" not in mark.select or self.people.crews[number].gone:
            return []
        if not mark.first:
            return [self._moved(change) for change in self._last_moves(number, mark)] + self._nested(number)
        own = self.people.own
        here = (one for one in self.people.members(number) if one not in own or not own[one].gone)
        return [reference(member, USER) for member in here] + self._nested(number)

    def _nested(self, number: int) -> list[dict[str, object]]:
        return [reference(inner, GROUP) for inner in self.people.crews[number].nested]

    def _last_moves(self, number: int, mark: Mark) -> list[Change]:
        moves = self.people.log[mark.since : mark.until]
        last = {one.member: one for one in moves if one.subject == "group" and one.number == number}
        return [one for member, one in last.items() if member is not None]

    def _moved(self, change: Change) -> dict[str, object]:
        shown = reference(change.member or 0, USER)
        return shown if change.joined else shown | {"@removed": {"reason": "deleted"}}
