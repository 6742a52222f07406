"""What a pull gives, whoever it pulls from: pages of people, groups and memberships, and how a stream ends."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from directory.model import JsonValue

ObjectKind = Literal["user", "group"]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A user or a group as the source has it now.

    ``values`` are by target (``userName``, ``name.givenName``, ``emails[work]``, …; ``directory.pulls.targets``): a
    target that is missing is not spoken of and stays as it is, one that is None is cleared.
    """

    kind: ObjectKind
    ext_id: str
    op: Literal["upsert", "out_of_scope", "soft_deleted", "purged"] = "upsert"
    """``soft_deleted`` may be restored at the source; ``out_of_scope`` is there but not meant (guests, STAGED)."""
    values: dict[str, JsonValue] = {}
    reason: str = ""
    """Why it is out of scope, in words."""
    raw: dict[str, Any] = {}
    """What the rules were given, for a preview of other rules; empty for deletions."""


class Edge(msgspec.Struct, frozen=True):
    """A direct membership that is there, or is no longer. Of several for the same pair the last one holds."""

    group: str
    member: str
    member_kind: ObjectKind
    op: Literal["add", "remove"] = "add"


class Reject(msgspec.Struct, frozen=True):
    """One object that cannot be taken over; nothing may be removed because of it."""

    kind: ObjectKind
    ext_id: str
    reason: str


class Principal(msgspec.Struct, frozen=True):
    """A user or a group that is assigned to the application."""

    kind: ObjectKind
    ext_id: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a stream; staged together with ``resume``, from where the stream goes on after a crash."""

    records: list[Record] = []
    edges: list[Edge] = []
    rejects: list[Reject] = []
    assigned: list[Principal] = []
    """Of the stream ``scope`` only: the stream has all of them in every pull."""
    complete_groups: list[str] = []
    """Groups of which all direct members have been given since the pull began: whoever else was in them has left."""
    resume: str
    """Empty where the stream is short and simply read again."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The only way a stream ends well."""

    whole: bool
    """Whether the stream gave everything there is (a snapshot): absence may then mean something. A delta never does."""
    checkpoint: str | None
    """From where the next delta goes on; kept only when the whole pull has been applied."""
    objects: int = 0
    """Records that this run of the stream gave; after a resume not those before."""
    source_time: datetime | None = None
