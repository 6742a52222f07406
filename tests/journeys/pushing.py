"""Clients that push users and memberships at the same time, and a ledger of what they were promised."""

import asyncio
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

MEDIA_TYPE = "application/scim+json"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Ledger:
    """What was acknowledged, in a file that is synced before the client goes on."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self.acknowledged = 0
        self.users: dict[str, str] = {}
        """User name to id."""
        self.active: dict[str, bool] = {}
        self.members: dict[tuple[str, str], bool] = {}
        """(group, user) to whether the last acknowledged request put the user in."""
        self.on_write: Callable[[int], None] = lambda _count: None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, **entry: object) -> None:
        """Keep one acknowledgement for good."""
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.acknowledged += 1
        self.on_write(self.acknowledged)

    def created(self, user_name: str, user_id: str) -> None:
        """A user was created."""
        self.users[user_name] = user_id
        self.active[user_id] = True
        self.write(created=user_name, user=user_id)

    def set_active(self, user_id: str, *, active: bool) -> None:
        """A user's status was set."""
        self.active[user_id] = active
        self.write(user=user_id, active=active)

    def set_member(self, group_id: str, user_id: str, *, member: bool) -> None:
        """A user joined or left a group."""
        self.members[group_id, user_id] = member
        self.write(group=group_id, user=user_id, member=member)


class Client:
    """One of the identity provider's workers; what it was not told, it asks or sends again, as providers do."""

    def __init__(self, number: int, base_url: str, secret: str, groups: list[str], ledger: Ledger) -> None:
        self._number = number
        self._base_url = base_url
        self._secret = secret
        self._groups = groups
        self._ledger = ledger
        self._random = random.Random(number)
        self._mine: list[str] = []
        self._unanswered: list[Callable[[], Any]] = []

    async def push(self, *, deeds: int) -> None:
        """Do so many deeds; the first answer that does not come ends it."""
        async with scim_client(self._base_url, self._secret) as http:
            self._http = http
            try:
                while self._unanswered:
                    await self._unanswered[0]()
                    self._unanswered.pop(0)
                for _ in range(deeds):
                    deed = self._next_deed()
                    self._unanswered.append(deed)
                    await deed()
                    self._unanswered.pop()
            except httpx.TransportError:
                return

    def _next_deed(self) -> Callable[[], Any]:
        kind = self._random.random()
        if not self._mine or kind < 0.4:
            name = f"person.{self._number}.{len(self._mine)}@example.com"
            self._mine.append(name)
            return lambda: self._create(name)
        user_id = self._ledger.users[self._random.choice(self._mine)]
        if kind < 0.5:
            active = self._random.random() < 0.5
            return lambda: self._set_active(user_id, active=active)
        group_id = self._random.choice(self._groups)
        member = kind < 0.85
        return lambda: self._set_member(group_id, user_id, member=member)

    async def _create(self, name: str) -> None:
        body = {"schemas": [USER], "userName": name, "externalId": f"x-{name}", "displayName": name, "active": True}
        answer = await self._http.post("/Users", json=body)
        if answer.status_code == 409:
            found = await self._http.get(f"/Users?filter={quote(f'userName eq {json.dumps(name)}')}")
            (resource,) = expect(found, 200)["Resources"]
        else:
            resource = expect(answer, 201)
        self._ledger.created(name, resource["id"])

    async def _set_active(self, user_id: str, *, active: bool) -> None:
        expect(await self._http.patch(f"/Users/{user_id}", json=patch("replace", "active", value=active)), 200, 204)
        self._ledger.set_active(user_id, active=active)

    async def _set_member(self, group_id: str, user_id: str, *, member: bool) -> None:
        await set_members(self._http, group_id, [user_id], member=member)
        self._ledger.set_member(group_id, user_id, member=member)


def scim_client(base_url: str, secret: str) -> httpx.AsyncClient:
    """Return a client of one connection."""
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": MEDIA_TYPE}
    return httpx.AsyncClient(base_url=f"{base_url}/scim/v2", headers=headers, timeout=30, trust_env=False)


async def set_members(http: httpx.AsyncClient, group_id: str, user_ids: list[str], *, member: bool) -> None:
    """Let users join or leave a group with one PATCH."""
    values = [{"value": user_id} for user_id in user_ids]
    body = patch("add" if member else "remove", "members", value=values)
    expect(await http.patch(f"/Groups/{group_id}", json=body), 200, 204)


async def create_groups(http: httpx.AsyncClient, names: list[str]) -> list[str]:
    """Create empty groups and return their ids."""
    bodies = [{"schemas": [GROUP], "displayName": name, "externalId": f"x-{name}"} for name in names]
    return [expect(await http.post("/Groups", json=body), 201)["id"] for body in bodies]


async def create_users(http: httpx.AsyncClient, names: list[str]) -> list[str]:
    """Create users and return their ids."""
    bodies = [{"schemas": [USER], "userName": name, "externalId": f"x-{name}"} for name in names]
    return [expect(await http.post("/Users", json=body), 201)["id"] for body in bodies]


def patch(op: str, path: str, *, value: object) -> dict[str, object]:
    """Return a PATCH body of one operation."""
    return {"schemas": [PATCH], "Operations": [{"op": op, "path": path, "value": value}]}


def expect(answer: httpx.Response, *statuses: int) -> Any:  # noqa: ANN401 - JSON
    """Return the body of an answer that has one of ``statuses``."""
    if answer.status_code not in statuses:
        raise AssertionError(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}")
    return answer.json() if answer.content else None


async def push_together(clients: list[Client], *, deeds: int) -> None:
    """Let all clients push at the same time until they are done or nobody answers any more."""
    async with asyncio.TaskGroup() as together:
        for client in clients:
            together.create_task(client.push(deeds=deeds))
