"""Sequences of requests that a careful client might send: valid ones, and ones with a single fault."""

import json
from random import Random
from typing import Any

from scim.schemas import ENTERPRISE_URN, GROUP_URN, USER_URN
from tests.scim.conformance.grammar import PATCH_URN
from tests.scim.conformance.twins import Request

NAMES = ["ann", "Bob", "cleo@x.example", "DAN", "eve"]
WORDS = ["Engineer", "engineer", "Zoë 山田", "a%b_c", "Lead"]
NOBODY = "01890000-0000-7000-8000-000000000000"
TEXT_ATTRIBUTES = ["displayName", "nickName", "title", "userType", "preferredLanguage", "locale", "timezone"]
FILTERABLE = [*TEXT_ATTRIBUTES[:3], "userName", "name.familyName", "emails.value", f"{ENTERPRISE_URN}:department"]
FAULTY_FILTERS = ["title", "title eq", "nonsense eq 1", 'title xx "a"', '(title eq "a"', 'title eq "a" and', ""]
FAULTY_OPERATIONS: list[Any] = [
    {"op": "bogus", "path": "title", "value": "x"},
    {"op": "replace", "path": "nonsense", "value": "x"},
    {"op": "replace", "path": "active", "value": "maybe"},
    {"op": "replace", "path": "emails[", "value": "x"},
    {"op": "replace", "path": "name.nonsense", "value": "x"},
    {"op": "remove"},
    {"op": "remove", "path": "userName"},
    {"op": "replace", "path": "id", "value": "x"},
    {"op": "add", "value": "x"},
]


class Sequences:
    """Makes requests one after the other from a source of chance; the same seed makes the same ones."""

    def __init__(self, random: Random) -> None:
        """Remember where chance comes from."""
        self.random = random
        self.made = 0
        self.users: list[str] = []
        self.groups: list[str] = []

    def heard(self, request: Request, status: int) -> None:
        """Remember who was created and who is gone, so that later requests are about somebody."""
        known = self.users if request.path.startswith("/Users") else self.groups
        if status == 201:
            known.append(request.keep)
        elif request.method == "DELETE" and status == 204:
            known.remove(request.path.rpartition("/")[2].strip("{}"))

    def next(self) -> Request:
        """Return the next request."""
        kinds = [
            self.created,
            self.read,
            self.replaced,
            self.patched,
            self.deleted,
            self.listed,
            self.faulty,
            self.group,
        ]
        return self.random.choices(kinds, [20, 10, 12, 30, 4, 26, 10, 14])[0]()

    def user(self) -> dict[str, Any]:
        """Return the body of a user."""
        chance = self.random
        body: dict[str, Any] = {"schemas": [USER_URN], "userName": chance.choice(NAMES)}
        for name in chance.sample(TEXT_ATTRIBUTES, chance.randint(0, 3)):
            body[name] = chance.choice(WORDS)
        if chance.random() < 0.5:
            body["name"] = {"familyName": chance.choice(WORDS), "givenName": "G"}
        if chance.random() < 0.98:
            body["active"] = chance.random() < 0.7
        if chance.random() < 0.5:
            body["emails"] = self.emails()
        if chance.random() < 0.3:
            body["schemas"] = [USER_URN, ENTERPRISE_URN]
            body[ENTERPRISE_URN] = {"department": chance.choice(WORDS), "employeeNumber": str(chance.randint(1, 3))}
        return body

    def emails(self) -> list[dict[str, Any]]:
        """Return a list of e-mail addresses, at most one of them primary."""
        chance = self.random
        types = chance.sample(["work", "home", "other"], chance.randint(1, 3))
        return [
            {"type": kind, "value": f"{chance.choice('ab')}@{kind}.example"} | ({"primary": True} if not number else {})
            for number, kind in enumerate(types)
        ]

    def created(self) -> Request:
        """Return a POST of a user, or of a group with some of the users."""
        self.made += 1
        if self.random.random() < 0.7:
            return self.post("Users", self.user(), f"u{self.made}")
        return self.post("Groups", self.group_body(), f"g{self.made}")

    def group_body(self) -> dict[str, Any]:
        """Return the body of a group with some of the users that were posted."""
        return {"schemas": [GROUP_URN], "displayName": self.random.choice(WORDS), "members": self.members()}

    def members(self) -> list[dict[str, str]]:
        """Return references to some of the users."""
        chosen = self.random.sample(self.users, min(len(self.users), self.random.randint(1, 2)))
        return [{"value": f"{{{one}}}", "type": "User"} for one in chosen]

    def group(self) -> Request:
        """Return a request about one group: who it has, or what it is called."""
        chance = self.random
        path, member = self.path_of("Groups", self.groups), self.members()
        operations: list[dict[str, Any]] = [
            {"op": "add", "path": "members", "value": member},
            {"op": "replace", "path": "members", "value": member},
            {"op": "remove", "path": "members"},
            {"op": "replace", "path": "displayName", "value": chance.choice(WORDS)},
            {"op": "replace", "value": {"displayName": chance.choice(WORDS)}},
        ]
        if member:
            operations.append({"op": "remove", "path": f'members[value eq "{member[0]["value"]}"]'})
        shape = chance.random()
        if shape < 0.2:
            return Request(method="GET", path=path)
        if shape < 0.35:
            return Request(method="PUT", path=path, body=json.dumps(self.group_body()).encode())
        body = {"schemas": [PATCH_URN], "Operations": [chance.choice(operations)]}
        return Request(method="PATCH", path=path, body=json.dumps(body).encode())

    def post(self, kind: str, body: dict[str, Any], keep: str) -> Request:
        """Return a POST that keeps the id of what it creates."""
        return Request(method="POST", path=f"/{kind}", body=json.dumps(body).encode(), keep=keep)

    def place(self) -> str:
        """Return the path of a user, mostly one that was posted."""
        return self.path_of("Users", self.users)

    def path_of(self, kind: str, known: list[str]) -> str:
        """Return the path of one of ``known``, or of nobody."""
        is_known = known and self.random.random() < 0.95
        return f"/{kind}/{{{self.random.choice(known)}}}" if is_known else f"/{kind}/{NOBODY}"

    def read(self) -> Request:
        """Return a GET."""
        chance = self.random
        named = ",".join(chance.sample([*FILTERABLE[:5], "emails", "active"], 2))
        query = [(chance.choice(["attributes", "excludedAttributes"]), named)] if chance.random() < 0.6 else []
        return Request(method="GET", path=self.place(), query=query)

    def replaced(self) -> Request:
        """Return a PUT."""
        return Request(method="PUT", path=self.place(), body=json.dumps(self.user()).encode())

    def deleted(self) -> Request:
        """Return a DELETE."""
        return Request(method="DELETE", path=self.place())

    def operation(self) -> dict[str, Any]:
        """Return a valid operation of a PATCH."""
        chance = self.random
        verb, word = chance.choice(["add", "replace"]), chance.choice(WORDS)
        shapes: list[dict[str, Any]] = [
            {"op": verb, "path": chance.choice(TEXT_ATTRIBUTES), "value": word},
            {"op": verb, "path": "name.familyName", "value": word},
            {"op": verb, "path": "active", "value": chance.random() < 0.5},
            {"op": verb, "path": f"{USER_URN}:title", "value": word},
            {"op": verb, "path": f"{ENTERPRISE_URN}:department", "value": word},
            {"op": verb, "path": "emails", "value": self.emails()},
            {"op": "replace", "path": 'emails[type eq "work"].value', "value": "new@work.example"},
            {"op": "remove", "path": 'emails[type eq "home"]'},
            {"op": "remove", "path": chance.choice([*TEXT_ATTRIBUTES, "name", "name.givenName", "emails"])},
            {"op": verb, "value": {"title": word, "nickName": chance.choice(WORDS)}},
            {"op": verb, "path": "name", "value": {"givenName": word}},
            {"op": "replace", "path": "userName", "value": chance.choice(NAMES)},
        ]
        return chance.choice(shapes)

    def patch(self, operations: list[Any]) -> Request:
        """Return a PATCH."""
        body = {"schemas": [PATCH_URN], "Operations": operations}
        return Request(method="PATCH", path=self.place(), body=json.dumps(body).encode())

    def patched(self) -> Request:
        """Return a valid PATCH."""
        return self.patch([self.operation() for _ in range(self.random.randint(1, 3))])

    def filter(self, depth: int = 0) -> str:
        """Return a filter that every attribute of has a value to compare."""
        chance = self.random
        shape = chance.random()
        if depth < 2 and shape < 0.3:
            return f"({self.filter(depth + 1)}) {chance.choice(['and', 'or'])} ({self.filter(depth + 1)})"
        if depth < 2 and shape < 0.4:
            return f"not ({self.filter(depth + 1)})"
        if shape < 0.5:
            return f"active eq {chance.choice(['true', 'false'])}"
        if shape < 0.6:
            return f'emails[type eq "work" and value {chance.choice(["sw", "ew", "co"])} "a"]'
        if shape < 0.65:
            return 'meta.lastModified gt "2020-01-01T00:00:00Z"'
        attribute = chance.choice(FILTERABLE)
        if shape < 0.75:
            return f"{attribute} pr"
        return f"{attribute} {chance.choice(['eq', 'ne', 'co', 'sw', 'ew'])} {json.dumps(chance.choice(WORDS + NAMES))}"

    def listed(self) -> Request:
        """Return a query for users or groups."""
        chance = self.random
        if chance.random() < 0.15:
            return Request(
                method="GET", path="/Groups", query=[("filter", f'displayName sw "{chance.choice("LEaZ")}"')]
            )
        query = [("filter", self.filter())]
        if chance.random() < 0.3:
            query.append(("attributes", ",".join(chance.sample(["userName", "emails.value", "active", "title"], 2))))
        if chance.random() < 0.3:
            query += [("sortBy", "userName"), ("sortOrder", chance.choice(["ascending", "descending"]))]
        if chance.random() < 0.3:
            query += [("count", str(chance.choice([0, 100]))), ("startIndex", str(chance.choice([0, 1, 90])))]
        return Request(method="GET", path="/Users", query=query)

    def faulty(self) -> Request:
        """Return a request with one fault."""
        chance = self.random
        shape = chance.randint(0, 5)
        if shape < 2:
            return Request(method="GET", path="/Users", query=[("filter", chance.choice(FAULTY_FILTERS))])
        if shape < 4:
            return self.patch([chance.choice(FAULTY_OPERATIONS)])
        body = self.user()
        del body["userName"]
        if shape == 4:
            return self.post("Users", body, "nobody")
        bodies = [
            b"{",
            b"[]",
            json.dumps({**body, "userName": 7}).encode(),
            json.dumps(body | {"userName": ""}).encode(),
        ]
        return Request(method="POST", path="/Users", body=chance.choice(bodies))
