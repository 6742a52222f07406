"""Why requests are refused at the door, and refusals as people read them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from directory.model import SecretId, SourceId, TenantId

RefusalCause = Literal[
    "no header",
    "two headers",
    "not bearer",
    "doubled bearer",
    "altered",
    "unknown",
    "expired",
    "revoked",
    "source paused",
    "tenant suspended",
    "network",
    "rate",
    "wrong path",
]
"""Why a request was refused before anything of it was read; for our own records, never for the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalKind:
    """What refusals that are counted together have in common."""

    cause: RefusalCause
    public_id: str | None = None
    """The public part of the secret that came along, or None."""
    source: tuple[TenantId, SourceId] | None = None
    """Whose request it was, where that is known already."""
    network: str = ""
    software: str = ""
    path: str = ""
    """Told for wrong paths only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalView:
    """Refused requests as people read them: never the secret itself."""

    cause: RefusalCause
    count: int
    last_at: datetime
    network: str
    software: str
    path: str
    secret_id: SecretId | None
    secret_label: str | None
    last_four: str | None


def merged_refusals(views: Sequence[RefusalView]) -> list[RefusalView]:
    """Return one entry for what several processes counted of the same kind."""
    found: dict[tuple[object, ...], RefusalView] = {}
    for view in views:
        key = (view.cause, view.network, view.software, view.path, view.secret_id)
        known = found.get(key)
        found[key] = view if known is None else replace(known, count=known.count + view.count)
    return list(found.values())
