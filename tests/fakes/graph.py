"""Our own Microsoft Graph with its identity platform, over real sockets.

As a program: ``python -m tests.fakes.graph --users 100000 --groups 5000 --memberships 1000000 --port 8443``.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import unquote

import msgspec

from tests.fakes.control import controlled
from tests.fakes.faults import Faults
from tests.fakes.graph_delta import Deltas
from tests.fakes.graph_people import (
    GROUP,
    USER,
    USER_FIELDS,
    group_id,
    number_of,
    principal_name,
    reference,
    shown_group,
    shown_user,
    user_id,
)
from tests.fakes.graph_tokens import APPLICATION, DIRECTORY, Identity
from tests.fakes.population import Person, Population
from tests.fakes.starting import serve
from tests.fakes.web import Asked, Reply, serving

PRINCIPAL = "44444444-eeee-4000-8000-000000000001"
WINDOW_S = 10
NOTHING = Reply(404, {"error": {"code": "Request_ResourceNotFound", "message": "Resource does not exist."}})


@dataclass(slots=True)
class FakeGraph:
    """The whole service; its parts are there to be changed by tests."""

    people: Population
    identity: Identity = field(default_factory=Identity)
    faults: Faults = field(default_factory=Faults)
    base: str = ""
    units_per_window: int = 0
    """Resource units for 10 s; 0 sets no limit."""
    has_principal: bool = True
    requests: dict[str, int] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    deltas: Deltas = field(init=False)
    window: tuple[float, int] = (0.0, 0)
    throttled: int = 0
    part_faults: list[Reply] = field(default_factory=list)
    """Answers that the next parts of a batch get instead, one after the other."""

    def __post_init__(self) -> None:
        self.deltas = Deltas(self.people)

    async def answer(self, asked: Asked) -> Reply:
        """Answer one request."""
        if asked.path.startswith("/_control/"):
            return controlled(self, asked)
        return await self.faults.between(asked, self._honest)

    async def _honest(self, asked: Asked) -> Reply:
        if not asked.path.startswith("/v1.0/"):
            return self._platform(asked)
        if not self.identity.admits(asked.headers.get("authorization", "")):
            return Reply(
                401, {"error": {"code": "InvalidAuthenticationToken", "message": "Access token is not valid."}}
            )
        if (busy := self._spend(asked)) is not None:
            return busy
        return self._batch(asked) if asked.path == "/v1.0/$batch" else self._graph(asked)

    def _platform(self, asked: Asked) -> Reply:
        tenant = asked.path.split("/")[1]
        if asked.path.endswith("/.well-known/openid-configuration"):
            return self.identity.discovery(self.base, tenant)
        if asked.path == "/common/discovery/instance":
            return self.identity.instance_discovery(self.base, DIRECTORY)
        if asked.path.endswith("/oauth2/v2.0/token"):
            self.count("token")
            return self.identity.token(asked, self.base, self.clock())
        return NOTHING

    def count(self, what: str) -> None:
        """Count a request for ``stats``."""
        self.requests[what] = self.requests.get(what, 0) + 1

    def _spend(self, asked: Asked) -> Reply | None:
        self.count("/".join(asked.path.split("/")[2:4:2]) or asked.path)
        if not self.units_per_window:
            return None
        begun, units = self.window
        now = self.clock()
        if now - begun >= WINDOW_S:
            begun, units = now, 0
        self.window = (begun, units + 1)
        if units < self.units_per_window:
            return None
        self.throttled += 1
        wait = max(1, round(begun + WINDOW_S - now))
        return Reply(429, {"error": {"code": "TooManyRequests", "message": "…"}}, [("Retry-After", str(wait))])

    def _batch(self, asked: Asked) -> Reply:
        parts = msgspec.json.decode(asked.body)["requests"]
        if len(parts) > 20:
            return Reply(400, {"error": {"code": "BadRequest", "message": "A batch has 20 parts at most."}})
        return Reply(document={"responses": [self._part(part) for part in reversed(parts)]})

    def _part(self, part: dict[str, str]) -> dict[str, object]:
        path, _, query = part["url"].partition("?")
        pairs = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
        wanted = {name: unquote(value) for name, value in pairs.items()}
        asked = Asked("GET", f"/v1.0{unquote(path)}", wanted, part["url"], {}, b"")
        reply = self.part_faults.pop(0) if self.part_faults else self._graph(asked)
        return {"id": part["id"], "status": reply.status, "headers": dict(reply.headers), "body": reply.document}

    def _graph(self, asked: Asked) -> Reply:
        match asked.path.removeprefix("/v1.0/").split("/"):
            case [("users" | "groups") as kind, "delta"]:
                return self.deltas.answer(asked, self.base, kind)
            case [("users" | "groups") as kind, "$count"]:
                return self._count(asked, kind)
            case ["organization"]:
                return Reply(document={"value": [{"id": DIRECTORY, "displayName": "Example"}]})
            case [principals] if principals.startswith("servicePrincipals(appId="):
                return self._principal(principals)
            case rest:
                return self._collection(asked, rest)

    def _collection(self, asked: Asked, path: list[str]) -> Reply:
        match path:
            case ["users", *rest]:
                return self._users(asked, rest)
            case ["groups", *rest]:
                return self._groups(asked, rest)
            case [_, _, "appRoleAssignedTo"] if self.has_principal:
                return self._listed(asked, self._assignments())
            case ["directory", "deletedItems", "microsoft.graph.user"]:
                return self._listed(asked, [self._shown(one, asked) for one in self._binned()])
            case _:
                return NOTHING

    def _count(self, asked: Asked, kind: str) -> Reply:
        if asked.headers.get("consistencylevel") != "eventual":
            return Reply(
                400, {"error": {"code": "Request_UnsupportedQuery", "message": "ConsistencyLevel is missing."}}
            )
        users = self.people.user_count - sum(1 for one in self.people.own.values() if one.gone)
        groups = sum(1 for one in self.people.crews if not one.gone)
        return Reply(body=str(users if kind == "users" else groups).encode(), content_type="text/plain")

    def _principal(self, path: str) -> Reply:
        if "Application.Read.All" not in self.identity.roles:
            return Reply(403, {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}})
        if not self.has_principal or APPLICATION not in path:
            return NOTHING
        return Reply(document={"id": PRINCIPAL, "appId": APPLICATION, "displayName": "Rolebook"})

    def _assignments(self) -> list[dict[str, object]]:
        users = [("User", user_id(number)) for number in self.people.assigned_users]
        groups = [("Group", group_id(number)) for number in self.people.assigned_crews]
        return [
            {"id": f"x{at}", "principalId": ident, "principalType": kind, "resourceId": PRINCIPAL}
            for at, (kind, ident) in enumerate([*users, *groups])
        ]

    def _listed(self, asked: Asked, shown: Iterable[dict[str, object]]) -> Reply:
        top = min(999, int(asked.query.get("$top", "100")))
        at = int(asked.query.get("$skiptoken", "0"))
        part = list(islice(shown, at, at + top + 1))
        document: dict[str, object] = {"value": part[:top]}
        if len(part) > top:
            root = asked.target.split("&$skiptoken")[0].split("?")
            query = root[1] if len(root) > 1 else "$top=100"
            document["@odata.nextLink"] = f"{self.base}{root[0]}?{query}&$skiptoken={at + top}"
        return Reply(document=document)

    def _shown(self, person: Person, asked: Asked) -> dict[str, object]:
        select = asked.query.get("$select", "id,displayName,userPrincipalName,mail").split(",")
        shown = shown_user(person, select, limited=self.deltas.limited)
        if "manager" in asked.query.get("$expand", "") and person.manager is not None:
            shown["manager"] = {"@odata.type": USER, "id": user_id(person.manager)}
        return shown

    def _binned(self) -> list[Person]:
        return [one for one in self.people.own.values() if one.gone == "soft"]

    def _users(self, asked: Asked, rest: list[str]) -> Reply:
        unknown = set(asked.query.get("$select", "id").split(",")) - {*USER_FIELDS, "manager"}
        if unknown:
            words = f"Could not find a property named '{min(unknown)}' on type 'microsoft.graph.user'."
            return Reply(400, {"error": {"code": "BadRequest", "message": words}})
        if not rest:
            people = iter(()) if self.deltas.nobody else self.people.people()
            return self._listed(asked, (self._shown(one, asked) for one in people if not one.gone))
        person = self._person(rest[0])
        if person is None or person.gone:
            return NOTHING
        if rest[1:] == ["manager"]:
            manager = person.manager
            return NOTHING if manager is None else Reply(document={"@odata.type": USER, "id": user_id(manager)})
        if rest[1:2] == ["memberOf"] or rest[1:2] == ["transitiveMemberOf"]:
            groups = [reference(one, GROUP) for one in self.people.crews_of(person.number)]
            return self._listed(asked, groups)
        return Reply(document=self._shown(person, asked))

    def _person(self, key: str) -> Person | None:
        number = number_of(key, "a")
        if number is not None:
            return self.people.person(number) if number < self.people.user_count else None
        return next((one for one in self.people.people() if principal_name(one) == key), None)

    def _groups(self, asked: Asked, rest: list[str]) -> Reply:
        select = asked.query.get("$select", "id,displayName").split(",")
        if not rest:
            here = [one for one in self.people.crews if not one.gone]
            return self._listed(asked, [shown_group(one, select) for one in here])
        number = number_of(rest[0], "b")
        if number is None or number >= len(self.people.crews) or self.people.crews[number].gone:
            return NOTHING
        if rest[1:2] == ["members"]:
            persons = (self.people.person(one) for one in self.people.members(number))
            return self._listed(
                asked, [{"@odata.type": USER} | self._shown(one, asked) for one in persons if not one.gone]
            )
        return Reply(document=shown_group(self.people.crews[number], select))


@asynccontextmanager
async def fake_graph(
    *, users: int = 50, groups: int = 5, memberships: int = 120, port: int = 0
) -> AsyncIterator[FakeGraph]:
    """Serve a Graph with a directory of this size."""
    graph = FakeGraph(Population(users=users, groups=groups, memberships=memberships))
    async with serving(graph.answer, port=port) as base:
        graph.base = base
        yield graph


if __name__ == "__main__":
    asyncio.run(serve(__doc__, fake_graph, port=8443))
