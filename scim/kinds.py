"""What can be done with resources of any type: the shape that users and groups share for endpoints, searches, Bulk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from directory.edits import Expect
from directory.model import JsonObject
from directory.query import Found, Query, Window
from scim.attributes import Vocabulary
from scim.gate import Exchange
from scim.projection import EVERYTHING, Projection


@dataclass(frozen=True, slots=True)
class Sent:
    """What a client sends to make or change a resource, and what it wants back."""

    body: JsonObject
    projection: Projection = EVERYTHING
    expect: Expect = None
    large: bool = False
    """Whether reading the body would keep the event loop from others."""
    silent: bool = False
    """Whether nobody reads the resource that comes of it: an operation of a Bulk request."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation ended; ``resource`` is None for an answer without a body."""

    status: int
    version: int | None = None
    location: str | None = None
    resource: JsonObject | None = None
    large: bool = False
    """Whether writing the resource would keep the event loop from others."""


class Kind(Protocol):
    """One resource type at its endpoint."""

    @property
    def names(self) -> Vocabulary:
        """The attributes that the type has for everybody."""

    def names_for(self, exchange: Exchange) -> Vocabulary:
        """Return the attributes that the type has for a client."""

    async def create(self, exchange: Exchange, sent: Sent) -> Outcome:
        """Create a resource."""

    async def find(self, exchange: Exchange, ident: str, projection: Projection, if_none_match: str | None) -> Outcome:
        """Read a resource; 304 without one where the client has this version."""

    async def replace(self, exchange: Exchange, ident: str, sent: Sent) -> Outcome:
        """Replace a resource."""

    async def patch(self, exchange: Exchange, ident: str, sent: Sent) -> Outcome:
        """Change a resource; the whole message is checked before anything is looked up."""

    async def delete(self, exchange: Exchange, ident: str, expect: Expect) -> Outcome:
        """Delete a resource."""

    async def search(
        self, exchange: Exchange, query: Query | None, window: Window, projection: Projection
    ) -> Found[Any]:
        """Find a page of what the caller's source has; only what is asked for is read."""

    async def render(self, exchange: Exchange, found: Sequence[Any], projection: Projection) -> list[JsonObject]:
        """Return what was found as resources; only what is asked for is read."""
