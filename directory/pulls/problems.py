"""Who could not be applied, and why: they wait, and are tried again in the next run."""

from collections.abc import Mapping
from dataclasses import dataclass

from directory.model import SourceId, TenantId
from directory.pulls.model import ObjectKind
from directory.store.pulls import problems
from directory.store.rows import document_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One user or group that could not be applied."""

    kind: ObjectKind
    ext_id: str
    label: str
    problem: str


async def list_problems(
    tenant_id: TenantId, source_id: SourceId, *, after: tuple[str, str] = ("", ""), limit: int
) -> list[Problem]:
    """Return those of a source, behind (kind, ext id)."""
    return [
        Problem(
            kind=row["kind"],
            ext_id=row["ext_id"],
            label=label_in(document_from(row["said"]), row["ext_id"]),
            problem=row["problem"],
        )
        for row in await problems.list_problems(tenant_id, source_id, after, limit=limit)
    ]


def label_in(said: Mapping[str, object], ext_id: str) -> str:
    """Return what people call somebody of whom no more is known than was said."""
    return str(said.get("displayName") or said.get("userName") or ext_id)
