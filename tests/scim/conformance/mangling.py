"""Requests that are broken on purpose: what the grammar makes, cut, swollen, mistyped and mixed up."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from scim.attributes import GROUP_NAMES, USER_NAMES, Vocabulary
from tests.scim.conformance.grammar import GROUPS, USERS, Grammar
from tests.scim.conformance.twins import Request

SPLINTERS = [
    '"',
    "\\",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    ":",
    "'",
    ";--",
    " and ",
    " or",
    "not ",
    " eq ",
    " pr",
    "\x00",
    "\x1f",
    "\u2028",
    "\ufeff",
    "\\ud800",
    "\\u0000",
    "%00",
    "$1",
    "?1",
    "🤖",
    "urn:",
    "urn:ietf:params:scim:schemas:core:2.0:User:",
    "NaN",
    "1e999",
    "-",
    "null",
    "9" * 40,
]


class Mangler:
    """Breaks what a grammar makes, from the same source of chance."""

    def __init__(self, random: Random) -> None:
        """Remember where chance comes from."""
        self.random = random
        self.grammar = Grammar(random)

    def broken_text(self, text: str) -> str:
        """Return a text with a few splinters in it, or without some of its own."""
        chance = self.random
        for _ in range(chance.randint(1, 3)):
            at, to = sorted(chance.choices(range(len(text) + 1), k=2))
            to = min(to, at + 12)
            text = chance.choice(
                [
                    text[:at] + chance.choice(SPLINTERS) + text[at:],
                    text[:at] + text[to:],
                    text[:to] + text[at:],
                    text[:at],
                ]
            )
        return text

    def filter(self, names: Vocabulary) -> str:
        """Return a filter that is hardly one."""
        chance = self.random
        shape = chance.random()
        if shape < 0.05:
            depth = chance.choice([39, 41, 150, 5000])
            return "(" * depth + "active eq true" + ")" * depth
        if shape < 0.08:
            return " or ".join(["userName eq 1"] * chance.choice([199, 201, 500]))
        if shape < 0.12:
            return chance.choice(
                ["", " ", "x" * 9000, "userName", "userName eq", 'nonsense eq "x"', "emails[", "a[b]c"]
            )
        return self.broken_text(self.grammar.filter(names))

    def json_value(self, value: Any) -> Any:  # noqa: ANN401 any JSON
        """Return a JSON value with one place of it, however deep, of another kind."""
        chance = self.random
        if isinstance(value, dict) and value and chance.random() < 0.85:
            key = chance.choice(list(value))
            if chance.random() < 0.15:
                return {self.broken_text(name) if name == key else name: part for name, part in value.items()}
            return {**value, key: self.json_value(value[key])}
        if isinstance(value, list) and value and chance.random() < 0.85:
            at = chance.randrange(len(value))
            return [*value[:at], self.json_value(value[at]), *value[at + 1 :]]
        if isinstance(value, str) and chance.random() < 0.6:
            return self.broken_text(value)
        return self.grammar.any_value()

    def body(self, names: Vocabulary, method: str) -> bytes:
        """Return a body that is hardly one."""
        chance = self.random
        made = self.grammar.body(names, method)
        shape = chance.random()
        if shape < 0.55:
            return json.dumps(self.json_value(made), ensure_ascii=chance.random() < 0.8).encode("utf-8", "replace")
        if shape < 0.85:
            return self.broken_text(json.dumps(made)).encode("utf-8", "replace")
        return chance.choice(ODDITIES)(json.dumps(made).encode(), chance)

    def request(self) -> Request:
        """Return a request that is broken somewhere."""
        chance = self.random
        names, kind, idents = chance.choice([(USER_NAMES, "Users", USERS), (GROUP_NAMES, "Groups", GROUPS)])
        place = f"/{kind}/{{{chance.choice(idents)}}}"
        method = chance.choices(["LIST", "POST", "PUT", "PATCH", "BULK", "SEARCH", "PLACE"], [40, 8, 10, 32, 4, 3, 3])[
            0
        ]
        if method == "LIST":
            return Request(method="GET", path=f"/{kind}", query=self.query(names))
        if method == "PLACE":
            path = f"/{kind}/{self.broken_text(place)}"
            return Request(method=chance.choice(["GET", "DELETE", "PATCH", "PUT", "POST"]), path=path, body=b"{}")
        if method in {"BULK", "SEARCH"}:
            path = "/Bulk" if method == "BULK" else f"/{kind}/.search"
            return Request(method="POST", path=path, body=self.body(names, "PATCH"))
        media_type = chance.choice(
            ["application/scim+json"] * 30 + ["text/plain", "", "application/json; charset=utf-16"]
        )
        path = f"/{kind}" if method == "POST" else place
        body = self.body(names, method)
        return Request(method=method, path=path, body=body, media_type=media_type, keep=place[len(kind) + 3 : -1])

    def query(self, names: Vocabulary) -> list[tuple[str, str]]:
        """Return parameters, some of them broken."""
        chance = self.random
        found = [("filter", self.filter(names))]
        for name, value in self.grammar.query(names, listing=True)[1:]:
            found.append((name, self.broken_text(value) if chance.random() < 0.6 else value))
        if chance.random() < 0.05:
            found.append(("cursor", self.grammar.text()))
        return found


def _nested(depth: int) -> bytes:
    return b'{"userName":' + b"[" * depth + b"]" * depth + b"}"


ODDITIES: list[Callable[[bytes, Random], bytes]] = [
    lambda _, chance: _nested(chance.choice([31, 33, 200, 20_000])),
    lambda made, chance: made[: chance.randrange(len(made))],
    lambda made, _: made.replace(b'"a"', b'"\xff\xfe"').replace(b"x", b"\xc3", 1),
    lambda made, _: b"\xef\xbb\xbf" + made,
    lambda made, _: made.decode().encode("utf-16"),
    lambda made, _: made[:-1] + b',"schemas":1}',
    lambda made, _: made + made,
    lambda *_: b"",
    lambda *_: b"null",
    lambda *_: b"[]",
    lambda *_: b'"text"',
    lambda *_: b'{"Operations":[]}',
    lambda *_: b'{"Operations":[null,1,"x"]}',
    lambda *_: b'{"userName":1e999,"active":NaN}',
    lambda *_: b'{"userName":"\\ud800","displayName":"\\udc00x"}',
    lambda *_: b'{"userName":"a\\u0000b","displayName":"a\\u0000b"}',
    lambda *_: b'{"userName":' + b"9" * 5000 + b"}",
    lambda *_: b'{"userName":"' + b"x" * 70_000 + b'","displayName":"' + b"y" * 70_000 + b'"}',
]
