"""One request of the rehearsal, and the answer to it as checks read it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Json = Any
"""Whatever an endpoint answered: nothing about its shape is sure before it is checked."""

MEDIA_TYPE = "application/scim+json"
SHOWN_MAX = 200
"""Letters of a value or an answer that a message shows."""

_LEFT_AS_IS = "/()$,:;@[]!'*"


class NotJson:
    """Stands for a body that could not be read."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; ``secret`` only where another than the run's is tried on purpose."""

    method: str
    path: str
    body: Mapping[str, object] | None = None
    secret: str | None = None

    @property
    def line(self) -> str:
        """How messages show it; bodies are never shown, since they may hold a password."""
        return f"{self.method} {self.path}"[: 2 * SHOWN_MAX]

    def content(self) -> bytes | None:
        """Return the body as it is sent."""
        return None if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    text: str
    media_type: str = ""
    location: str | None = None
    etag: str | None = None

    def body(self) -> Json:
        """Return the body as JSON; None when there is none, NotJson when it is something else."""
        if not self.text:
            return None
        try:
            return json.loads(self.text)
        except ValueError:
            return NotJson

    def resource(self) -> dict[str, Json]:
        """Return the body if it is an object, else an empty one."""
        body = self.body()
        return body if isinstance(body, dict) else {}

    @property
    def shown(self) -> str:
        """How messages show the answer."""
        return f"{self.status} {self.text}"[:SHOWN_MAX]


def query(path: str, **parameters: str | int) -> str:
    """Return a path with its query, encoded as the providers do: blanks as %20 and + as %2B."""
    pairs = [f"{name}={quote(str(value), safe=_LEFT_AS_IS)}" for name, value in parameters.items()]
    return f"{path}?{'&'.join(pairs)}"


def literal(value: str) -> str:
    """Return a text as a filter writes it (RFC 7644 section 3.4.2.2)."""
    return json.dumps(value, ensure_ascii=False)


def shown(value: object) -> str:
    """Return how messages show a value."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
