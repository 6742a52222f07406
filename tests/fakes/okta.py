"""Our own Okta, over real sockets.

As a program: ``python -m tests.fakes.okta --users 100000 --groups 5000 --memberships 1000000 --port 8444``.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from itertools import islice
from typing import Literal
from urllib.parse import quote

from tests.fakes.control import controlled
from tests.fakes.faults import Faults
from tests.fakes.okta_people import APP, ORG, group_id, number_of, seconds_of, shown_group, shown_user, user_id
from tests.fakes.okta_tokens import Doorkeeper, problem
from tests.fakes.population import Crew, Person, Population
from tests.fakes.starting import serve
from tests.fakes.web import Asked, Reply, serving

WINDOW_S = 60
LIMITS = {"users": 600, "groups": 500, "members": 1200, "apps": 100, "user": 1000, "other": 1200}
NOTHING = problem(404, "E0000007", "Not found: Resource not found")

LinkStyle = Literal["separate", "reversed", "joined", "none"]


@dataclass(slots=True)
class FakeOkta:
    """The whole service; its parts are there to be changed by tests."""

    people: Population
    door: Doorkeeper = field(default_factory=Doorkeeper)
    faults: Faults = field(default_factory=Faults)
    base: str = ""
    limited: bool = False
    """Whether rates are limited, as by ``limits``."""
    limits: dict[str, int] = field(default_factory=lambda: dict(LIMITS))
    links: LinkStyle = "separate"
    page_max: int = 10_000
    """No page has more, whatever is asked for: so that small directories have many pages."""
    nobody: bool = False
    dated: bool = True
    """Whether answers carry the time."""
    crowded: int = 0
    """How many requests meet the limit of simultaneous ones, which tells nothing of use."""
    requests: dict[str, int] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    windows: dict[str, tuple[float, int]] = field(default_factory=dict)
    throttled: int = 0

    async def answer(self, asked: Asked) -> Reply:
        """Answer one request."""
        if asked.path.startswith("/_control/"):
            return controlled(self, asked)
        reply = await self.faults.between(asked, self._honest)
        if not self.dated:
            return reply
        return replace(reply, headers=[*reply.headers, self._date()])

    def _date(self) -> tuple[str, str]:
        return "Date", formatdate(self.clock(), usegmt=True)

    async def _honest(self, asked: Asked) -> Reply:
        if asked.path == "/.well-known/okta-organization":
            return Reply(document={"id": ORG, "pipeline": "idx", "_links": {}})
        if asked.path == "/oauth2/v1/token":
            return self.door.give(asked, self.base, self.clock())
        if not asked.path.startswith("/api/v1/"):
            return NOTHING
        bucket = bucket_of(asked.path)
        self.requests[bucket] = self.requests.get(bucket, 0) + 1
        if (refusal := self.door.refuses(asked)) is not None:
            return refusal
        if (busy := self._busy(bucket)) is not None:
            return busy
        reply = self._api(asked)
        reply.headers += self._rate_headers(bucket)
        return reply

    def _busy(self, bucket: str) -> Reply | None:
        words = "API call exceeded rate limit due to too many requests."
        if self.crowded:
            self.crowded -= 1
            reply = problem(429, "E0000047", words)
            reply.headers = [("X-Rate-Limit-Limit", "0"), ("X-Rate-Limit-Remaining", "0"), ("X-Rate-Limit-Reset", "0")]
            return reply
        if not self.limited:
            return None
        begun, used = self.windows.get(bucket, (0.0, 0))
        if self.clock() - begun >= WINDOW_S:
            begun, used = self.clock(), 0
        self.windows[bucket] = (begun, used + 1)
        if used < self.limits[bucket]:
            return None
        self.throttled += 1
        reply = problem(429, "E0000047", words)
        reply.headers = self._rate_headers(bucket)
        return reply

    def _rate_headers(self, bucket: str) -> list[tuple[str, str]]:
        limit = self.limits[bucket]
        begun, used = self.windows.get(bucket, (self.clock(), 0))
        return [
            ("X-Rate-Limit-Limit", str(limit)),
            ("X-Rate-Limit-Remaining", str(max(0, limit - used))),
            ("X-Rate-Limit-Reset", str(int(begun + WINDOW_S))),
        ]

    def _api(self, asked: Asked) -> Reply:
        match asked.path.removeprefix("/api/v1/").split("/"):
            case ["users"]:
                return self._users(asked)
            case ["users", key, *rest]:
                return self._user(asked, key, rest)
            case ["groups"]:
                return self._listed(asked, map(shown_group, self._groups(asked)), most=10_000)
            case ["groups", key, "users"]:
                return self._members(asked, key)
            case ["apps", key, *rest] if key == APP:
                return self._app(asked, rest)
            case _:
                return NOTHING

    def _users(self, asked: Asked) -> Reply:
        asked_for = asked.query.get("filter", "")
        statuses = set(re.findall(r'status eq "(\w+)"', asked_for))
        since = re.search(r'lastUpdated ge "([^"]+)"', asked_for)
        after = number_of(asked.query.get("after", ""), "00u")
        limit = min(200, self.page_max, int(asked.query.get("limit", "200")))
        numbers: Iterable[int] = range(0 if after is None else after + 1, self.people.user_count)
        if since and seconds_of(since[1]) > self.people.born_at:
            numbers = sorted(number for number in self.people.own if after is None or number > after)
        persons = (self.people.person(number) for number in numbers)
        fitting = (one for one in persons if not one.gone and self._fits(one, statuses, since and since[1], asked_for))
        found = [] if self.nobody else list(islice(fitting, limit + 1))
        shown = [shown_user(one, self.people.born_at) for one in found[:limit]]
        follows = user_id(found[limit - 1].number) if len(found) > limit else None
        return Reply(document=shown, headers=self._links(asked, follows))

    def _fits(self, person: Person, statuses: set[str], since: str | None, asked_for: str) -> bool:
        if not asked_for:
            return person.status != "DEPROVISIONED"
        return (not statuses or person.status in statuses) and (
            not since or person.changed_at >= seconds_of(since) - 0.001
        )

    def _groups(self, asked: Asked) -> list[Crew]:
        found = [crew for crew in self.people.crews if not crew.gone]
        moments = re.findall(r'(lastUpdated|lastMembershipUpdated) ge "([^"]+)"', asked.query.get("filter", ""))
        for name, text in moments[:1]:
            del name
            since = seconds_of(text) - 0.001
            found = [crew for crew in found if crew.changed_at >= since or crew.joined_at >= since]
        return found

    def _user(self, asked: Asked, key: str, rest: list[str]) -> Reply:
        number = number_of(key, "00u")
        everybody = self.people.people()
        persons = (one for one in everybody if one.login == key) if number is None else (
            self.people.person(one) for one in [number] if one < self.people.user_count
        )  # fmt: skip
        person = next(iter(persons), None)
        if person is None or person.gone:
            return problem(404, "E0000007", f"Not found: Resource not found: {key} (User)")
        if rest == ["groups"]:
            crews = [self.people.crews[one] for one in self.people.crews_of(person.number)]
            return self._listed(asked, map(shown_group, crews), most=200)
        return Reply(document=shown_user(person, self.people.born_at))

    def _members(self, asked: Asked, key: str) -> Reply:
        number = number_of(key, "00g")
        if number is None or number >= len(self.people.crews) or self.people.crews[number].gone:
            return NOTHING
        own = self.people.own
        here = [one for one in self.people.members(number) if one not in own or not own[one].gone]
        return self._listed(asked, here, most=1000, show=self._shown)

    def _shown(self, number: int) -> dict[str, object]:
        return shown_user(self.people.person(number), self.people.born_at)

    def _app(self, asked: Asked, rest: list[str]) -> Reply:
        match rest:
            case []:
                return Reply(document={"id": APP, "label": "Rolebook", "status": "ACTIVE"})
            case ["groups"]:
                return self._listed(asked, [{"id": group_id(one)} for one in self.people.assigned_crews], most=200)
            case ["users"]:
                return self._listed(asked, self._assigned(), most=500)
            case ["users", key]:
                return next((Reply(document=one) for one in self._assigned() if one["id"] == key), NOTHING)
            case _:
                return NOTHING

    def _assigned(self) -> list[dict[str, str]]:
        users = dict.fromkeys(self.people.assigned_users, "USER")
        for crew in self.people.assigned_crews:
            users = dict.fromkeys(self.people.members(crew), "GROUP") | users
        here = {one: scope for one, scope in users.items() if not self.people.person(one).gone}
        return [{"id": user_id(one), "scope": scope, "status": "ACTIVE"} for one, scope in here.items()]

    def _listed(
        self, asked: Asked, items: Iterable[object], *, most: int, show: Callable[..., object] | None = None
    ) -> Reply:
        limit = min(most, self.page_max, int(asked.query.get("limit", str(most))))
        at = int(asked.query.get("after", "p0").removeprefix("p"))
        part = list(islice(items, at, at + limit + 1))
        follows = f"p{at + limit}" if len(part) > limit else None
        shown = [one if show is None else show(one) for one in part[:limit]]
        return Reply(document=shown, headers=self._links(asked, follows))

    def _links(self, asked: Asked, follows: str | None) -> list[tuple[str, str]]:
        address = self.base + asked.target
        links = [f'<{address}>; rel="self"']
        if follows:
            kept = {name: value for name, value in asked.query.items() if name != "after"} | {"after": follows}
            query = "&".join(f"{name}={quote(value, safe='')}" for name, value in kept.items())
            links.append(f'<{self.base}{asked.path}?{query}>; rel="next"')
        match self.links:
            case "separate":
                return [("Link", one) for one in links]
            case "reversed":
                return [("Link", one) for one in reversed(links)]
            case "joined":
                return [("Link", ", ".join(links))]
            case "none":
                return []


def bucket_of(path: str) -> str:
    """Name the limit that a path counts against."""
    match path.removeprefix("/api/v1/").split("/"):
        case ["users"]:
            return "users"
        case ["groups"]:
            return "groups"
        case ["groups", _, "users"]:
            return "members"
        case ["apps", *_]:
            return "apps"
        case ["users", _]:
            return "user"
        case _:
            return "other"


@asynccontextmanager
async def fake_okta(
    *, users: int = 50, groups: int = 5, memberships: int = 120, port: int = 0
) -> AsyncIterator[FakeOkta]:
    """Serve an Okta with a directory of this size."""
    okta = FakeOkta(Population(users=users, groups=groups, memberships=memberships))
    async with serving(okta.answer, port=port) as base:
        okta.base = base
        yield okta


if __name__ == "__main__":
    asyncio.run(serve(__doc__, fake_okta, port=8444))
