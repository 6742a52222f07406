"""Requests made by the grammars of RFC 7644: well formed, sensible or not."""

import json
from random import Random
from typing import Any

from scim.attributes import GROUP_NAMES, USER_NAMES, Vocabulary
from scim.schemas import ENTERPRISE_URN, GROUP_URN, USER_URN, Attribute
from tests.scim.conformance.twins import Request

PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK_URN = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH_URN = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
UNKNOWN_URN = "urn:example:scim:schemas:extension:badge:2.0:User"

USERS = [f"u{number}" for number in range(12)]
GROUPS = [f"g{number}" for number in range(5)]
KINDS = {"LIST": 40, "GET": 5, "POST": 7, "PUT": 10, "PATCH": 30, "DELETE": 3, "SEARCH": 5, "CURSOR": 2, "BULK": 3}
OPERATORS = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]
TEXTS = [
    "",
    "a",
    "Ann",
    "ann@x.example",
    "ANN@X.EXAMPLE",
    "o'brien",
    'O"M\\a',
    "%",
    "_",
    "50%_x",
    "Zoë 山田",
    "ẞ İ ﬁ",
    "e\u0301",
    "😀",
    "work",
    "home",
    "True",
    "0",
    "-1.5e3",
    "2026-01-01T00:00:00Z",
    "0001-01-03T00:00:00.0000000Z",
    "a b  c",
    "x" * 300,
    "u-1",
    "null",
    "[]",
    " lead",
    "é\u00a0",
]
NUMBERS: list[float] = [0, 1, -1, 7, 2**31, 2**53 + 1, -(2**63), 1.5, 1e300]


class Grammar:
    """Makes requests from a source of chance; the same seed makes the same ones."""

    def __init__(self, random: Random) -> None:
        """Remember where chance comes from."""
        self.random = random

    def text(self) -> str:
        """Return a text that some attribute may have."""
        return self.random.choice(TEXTS)

    def attribute(self, names: Vocabulary) -> tuple[str, Attribute]:
        """Return a path without brackets, and the attribute or part it ends in."""
        chance = self.random
        urn, attribute = chance.choice(
            [(names.core_urn, one) for one in names.core.values()]
            + [(urn, one) for urn, found in names.extensions.items() for one in found.values()]
        )
        path = attribute.name if chance.random() < 0.8 and urn == names.core_urn else f"{urn}:{attribute.name}"
        if attribute.parts and chance.random() < 0.75:
            attribute = chance.choice(attribute.parts)
            path += f".{attribute.name}"
        return self.cased(path), attribute

    def cased(self, path: str) -> str:
        """Return a name, now and then in another case."""
        return self.random.choice([path] * 8 + [path.upper(), path.lower()])

    def literal(self, attribute: Attribute) -> str:
        """Return a value of a filter, mostly of the attribute's kind."""
        chance = self.random
        if chance.random() < 0.1:
            return chance.choice(["null", "true", "false", "1", '"x"', "word", '"2026-01-01T00:00:00Z"'])
        match attribute.kind:
            case "boolean":
                return chance.choice(["true", "false", '"True"', '"False"', "True"])
            case "dateTime":
                day = chance.choice(
                    ["1999-12-31T23:59:59Z", "2999-01-01T00:00:00+02:00", "2015-10-10T14:38:21.8617979"]
                )
                return chance.choice([day, f'"{day}"'])
            case "integer" | "decimal":
                return str(chance.choice(NUMBERS))
            case _:
                text = json.dumps(self.text(), ensure_ascii=chance.random() < 0.5)
                return text if chance.random() < 0.95 else text.strip('"') or '""'

    def filter(self, names: Vocabulary, depth: int = 0) -> str:
        """Return a filter."""
        chance = self.random
        shape = chance.random()
        if depth < 4 and shape < 0.25:
            joint = chance.choice([" and ", " or ", " AND ", "  or "])
            return joint.join(self.filter(names, depth + 1) for _ in range(chance.randint(2, 3)))
        if depth < 4 and shape < 0.33:
            return f"not ({self.filter(names, depth + 1)})"
        if depth < 4 and shape < 0.4:
            return f"({self.filter(names, depth + 1)})"
        if shape < 0.5:
            return self.value_path(names)
        return self.comparison(*self.attribute(names))

    def comparison(self, path: str, attribute: Attribute) -> str:
        """Return one comparison."""
        if self.random.random() < 0.12:
            return f"{path} pr"
        # Ids and addresses of ours are of chance, so only whether they are equal can be compared on two databases.
        ours = path.lower().rpartition(":")[2].split(".")[0] in {"id", "members", "groups", "meta", "$ref", "value"}
        operator = self.cased(self.random.choice(OPERATORS[:2] if ours else OPERATORS))
        known = f'"{{{self.random.choice([*USERS, *GROUPS])}}}"'
        return f"{path} {operator} {known if ours and self.random.random() < 0.6 else self.literal(attribute)}"

    def value_path(self, names: Vocabulary) -> str:
        """Return a path that selects elements: ``emails[type eq "work"]``, at times with a part behind."""
        chance = self.random
        attribute = chance.choice([one for one in names.core.values() if one.parts and one.multi_valued])
        parts = [chance.choice(attribute.parts) for _ in range(chance.randint(1, 2))]
        inner = chance.choice([" and ", " or "]).join(self.comparison(part.name, part) for part in parts)
        return f"{self.cased(attribute.name)}[{inner}]"

    def path(self, names: Vocabulary) -> str:
        """Return a path of a PATCH."""
        chance = self.random
        shape = chance.random()
        if shape < 0.3:
            path = self.value_path(names)
            return path + chance.choice(["", ".value", ".type", ".display", ".primary", ".country"])
        if shape < 0.36:
            return chance.choice([ENTERPRISE_URN, USER_URN, GROUP_URN, UNKNOWN_URN, f"{UNKNOWN_URN}:colour"])
        return self.attribute(names)[0]

    def value(self, attribute: Attribute | None = None, depth: int = 0) -> Any:  # noqa: ANN401 any JSON
        """Return a JSON value, mostly of the attribute's kind."""
        chance = self.random
        if attribute is None or chance.random() < 0.1:
            return self.any_value(depth)
        if attribute.multi_valued and depth == 0:
            return [self.value(attribute, 1) for _ in range(chance.randint(0, 3))]
        if attribute.parts:
            parts = chance.sample(attribute.parts, chance.randint(1, len(attribute.parts)))
            return {self.cased(part.name): self.value(part, depth + 1) for part in parts}
        if attribute.kind == "boolean":
            return chance.choice([True, False, True, False, "True", "false", None])
        return chance.choice([*TEXTS, None]) if chance.random() < 0.95 else chance.choice(NUMBERS)

    def any_value(self, depth: int = 0) -> Any:  # noqa: ANN401 any JSON
        """Return any JSON value."""
        chance = self.random
        simple: list[Any] = [None, True, False, chance.choice(NUMBERS), self.text()]
        if depth > 2 or chance.random() < 0.6:
            return chance.choice(simple)
        if chance.random() < 0.5:
            return [self.any_value(depth + 1) for _ in range(chance.randint(0, 3))]
        return {self.text() or "k": self.any_value(depth + 1) for _ in range(chance.randint(0, 3))}

    def document(self, names: Vocabulary) -> dict[str, Any]:
        """Return the body of a POST or PUT."""
        chance = self.random
        body: dict[str, Any] = {"schemas": [names.core_urn]}
        name = "userName" if names is USER_NAMES else "displayName"
        body[name] = chance.choice([f"{chance.choice(TEXTS)}{chance.randint(0, 40)}", self.text()])
        for attribute in chance.sample(list(names.core.values()), chance.randint(0, 6)):
            if attribute.name not in {"id", "schemas", name}:
                body[self.cased(attribute.name)] = self.value(attribute)
        for urn, found in names.extensions.items():
            if chance.random() < 0.3:
                body["schemas"].append(urn)
                body[urn] = {one.name: self.value(one) for one in chance.sample(list(found.values()), 2)}
        if chance.random() < 0.1:
            body[UNKNOWN_URN] = self.any_value()
        return body

    def operation(self, names: Vocabulary) -> dict[str, Any]:
        """Return one operation of a PATCH."""
        chance = self.random
        op = {"op": self.cased(chance.choice(["add", "replace", "remove"]))}
        if chance.random() < 0.2:
            keys = [self.path(names) for _ in range(chance.randint(1, 3))]
            return {**op, "value": {key: self.any_value() for key in keys}}
        path = self.path(names)
        place = names.find(path.split("[")[0].rpartition(".")[0] or path) if "[" not in path else None
        value = self.member_value() if "members" in path.lower() else self.value(place.attribute if place else None)
        return {**op, "path": path} | (
            {} if op["op"].lower() == "remove" and chance.random() < 0.7 else {"value": value}
        )

    def member_value(self) -> Any:  # noqa: ANN401 any JSON
        """Return what a client says members are: ids of users, of groups, of nobody."""
        chance = self.random
        known = [f"{{{name}}}" for name in [*USERS, *GROUPS[:2], "nobody", "n1"]]
        chosen = chance.sample(known, chance.randint(0, 4))
        return chance.choice([[{"value": one} for one in chosen], chosen, {"value": known[0]}, known[1]])

    def body(self, names: Vocabulary, method: str) -> dict[str, Any]:
        """Return the body that a method takes."""
        if method == "PATCH":
            operations = [self.operation(names) for _ in range(self.random.randint(1, 3))]
            return {"schemas": [PATCH_URN], "Operations": operations}
        document = self.document(names)
        if names is GROUP_NAMES and self.random.random() < 0.5:
            document["members"] = self.member_value()
        return document

    def query(self, names: Vocabulary, *, listing: bool) -> list[tuple[str, str]]:
        """Return parameters of a query."""
        chance = self.random
        found: list[tuple[str, str]] = []
        if listing and chance.random() < 0.85:
            found.append(("filter", self.filter(names)))
        if chance.random() < 0.25:
            name = chance.choice(["attributes", "excludedAttributes"])
            found.append((name, ",".join(self.path(names) for _ in range(chance.randint(1, 3)))))
        if listing and chance.random() < 0.25:
            found.append(("sortBy", self.attribute(names)[0]))
            found.append(("sortOrder", chance.choice(["ascending", "descending", "down"])))
        if listing and chance.random() < 0.3:
            found.append(("startIndex", str(chance.choice([-1, 0, 1, 2, 5, 99, 2**40]))))
            found.append(("count", str(chance.choice([-1, 0, 1, 3, 200, 2**40]))))
        return found

    def bulk(self) -> dict[str, Any]:
        """Return the body of a Bulk request; later operations may name what earlier ones create."""
        chance = self.random
        operations: list[dict[str, Any]] = []
        for number in range(chance.randint(1, 4)):
            names, kind, idents = chance.choice([(USER_NAMES, "Users", USERS), (GROUP_NAMES, "Groups", GROUPS)])
            method = chance.choice(["POST", "PUT", "PATCH", "DELETE"])
            place = chance.choice([f"{{{chance.choice(idents)}}}", f"bulkId:b{number - 1}"])
            path = f"/{kind}" if method == "POST" else f"/{kind}/{place}"
            operation: dict[str, Any] = {"method": method, "path": path, "bulkId": f"b{number}"}
            operations.append(operation if method == "DELETE" else {**operation, "data": self.body(names, method)})
        limit = {"failOnErrors": chance.randint(1, 2)} if chance.random() < 0.3 else {}
        return {"schemas": [BULK_URN], **limit, "Operations": operations}

    def request(self) -> Request:
        """Return a request that is well formed."""
        chance = self.random
        names, kind, idents = chance.choice([(USER_NAMES, "Users", USERS), (GROUP_NAMES, "Groups", GROUPS)])
        method = chance.choices([*KINDS], [*KINDS.values()])[0]
        name = chance.choice(idents)
        place = f"/{kind}/{{{name}}}"
        if method == "LIST":
            return Request(method="GET", path=f"/{kind}", query=self.query(names, listing=True))
        if method == "SEARCH":
            found = {"schemas": [SEARCH_URN], **dict(self.query(names, listing=True))}
            path = chance.choice([f"/{kind}/.search", "/.search"])
            return Request(method="POST", path=path, body=json.dumps(found).encode())
        if method == "CURSOR":
            query = [("count", "3"), ("cursor", chance.choice(["", "{cursor}"]))]
            return Request(method="GET", path=f"/{kind}", query=query)
        if method == "BULK":
            return Request(method="POST", path="/Bulk", body=json.dumps(self.bulk()).encode())
        if method in {"GET", "DELETE"}:
            return Request(method=method, path=place, query=self.query(names, listing=False) if method == "GET" else ())
        body = json.dumps(self.body(names, method), ensure_ascii=chance.random() < 0.5).encode()
        if method == "POST":
            return Request(method="POST", path=f"/{kind}", body=body, keep=name)
        return Request(method=method, path=place, query=self.query(names, listing=False), body=body)
