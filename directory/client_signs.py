"""Which identity provider a client is, by what it calls itself and by the shape of what it sends."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from directory.model import JsonObject, JsonValue
from directory.source_settings import Preset

_NAMES: tuple[tuple[str, Preset], ...] = (
    ("okta", "okta"),
    ("onelogin", "onelogin"),
    ("jumpcloud", "jumpcloud"),
    ("azure", "entra"),
    ("microsoft", "entra"),
    ("entra", "entra"),
)
_ENTRA_SCHEMAS = ("microsoft.com/2006/11", "extension:enterprise:2.0user")
"""Marks of Entra's bodies: a schema of its own for groups, and the enterprise schema without its last colon."""

_CAPITALISED = frozenset({"Add", "Replace", "Remove"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A request of a source, for judging how its client is set up."""

    method: str
    path: str
    status: int
    at: datetime
    reference: str
    scim_type: str | None = None
    detail: str = ""
    body: JsonObject
    """Redacted; empty where there was none or it was too long."""
    software: str = ""
    leniencies: tuple[str, ...] = ()


def client_of(requests: Sequence[Sample]) -> Preset | None:
    """Return whose requests these are, or None where nothing tells; a name counts for more than a shape."""
    votes: Counter[Preset] = Counter()
    for request in requests:
        named = next((preset for word, preset in _NAMES if word in request.software.lower()), None)
        if named is not None:
            votes[named] += 3
        votes.update(_shapes(request))
    return votes.most_common(1)[0][0] if votes else None


def operations_of(body: JsonObject) -> list[JsonObject]:
    """Return the operations of a PATCH body."""
    operations = next((part for key, part in body.items() if key.lower() == "operations"), None)
    return [one for one in operations if isinstance(one, dict)] if isinstance(operations, list) else []


def _shapes(request: Sample) -> Iterator[Preset]:
    if "aadoptscim" in request.path.lower() or _has_entra_schema(request.body.get("schemas")):
        yield "entra"
    if any(str(one.get("op")) in _CAPITALISED for one in operations_of(request.body)):
        yield "entra"
    if request.method == "POST" and request.body.get("groups") == [] and "password" in request.body:
        yield "okta"
    if request.method == "GET" and "filter=" in request.path and "startIndex=1&count=100" in request.path:
        yield "okta"


def _has_entra_schema(schemas: JsonValue) -> bool:
    texts = [str(one).lower() for one in schemas] if isinstance(schemas, list) else []
    return any(text.endswith(_ENTRA_SCHEMAS[1]) or _ENTRA_SCHEMAS[0] in text for text in texts)
