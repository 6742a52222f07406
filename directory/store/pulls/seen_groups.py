"""What a source said last of its groups, as it is applied."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from directory.model import JsonObject, SourceId, TenantId
from directory.pull_run import RunId
from directory.store.compiled import Statement
from directory.store.unit import Row, execute, fetch

_PENDING = Statement(
    "SELECT ext_id, op, said, gone FROM seen_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid"
    " AND kind = 'group' AND pending AND ext_id > $3::text AND ($4::uuid IS NULL OR run_id = $4::uuid)"
    " ORDER BY ext_id LIMIT $5::bigint",
    sqlite="SELECT ext_id, op, said, gone FROM seen_row INDEXED BY seen_pending WHERE tenant_id = $1 AND source_id = $2"
    " AND kind = 'group' AND pending AND ext_id > $3 AND ($4 IS NULL OR run_id = $4) ORDER BY ext_id LIMIT $5",
)
_OF = "WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'group' AND ext_id = ANY($3::text[])"
_FIND = Statement(f"SELECT ext_id, op, said, gone FROM seen_row {_OF} AND pending")
_ENDED = Statement(f"SELECT ext_id FROM seen_row {_OF} AND (gone OR op IN ('purged', 'soft_deleted'))")
_NAMED = Statement(f"SELECT ext_id FROM seen_row {_OF} AND run_id = $4::uuid")
_REJECTED = Statement(
    "SELECT ext_id FROM run_reject_row WHERE tenant_id = $1::uuid AND run_id = $2::uuid AND kind = 'group'"
    " AND ext_id = ANY($3::text[])"
)
_SETTLE = Statement(f"UPDATE seen_row SET applied_hash = hash, pending = FALSE, problem = '' {_OF}")
_FORGET = Statement(f"DELETE FROM seen_row {_OF}")
_PROBLEM = Statement(f"UPDATE seen_row SET problem = $4::text {_OF}")
_MEMBERS_TAKEN = Statement(f"UPDATE seen_row SET problem = '' {_OF} AND NOT pending AND problem <> ''")
_NEWCOMERS = Statement(
    "SELECT ext_id FROM seen_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND kind = 'user'"
    " AND ext_id = ANY($3::text[]) AND pending AND op = 'upsert' AND in_scope AND NOT gone"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenGroup:
    """What a source said last of one group."""

    ext_id: str
    op: str
    """``upsert``, ``out_of_scope``, ``soft_deleted`` or ``purged``."""
    said: JsonObject
    gone: bool

    @property
    def ends(self) -> bool:
        """Whether the group is not there any more."""
        return self.gone or self.op in {"purged", "soft_deleted"}


async def list_pending(
    tenant_id: TenantId, source_id: SourceId, *, after: str, of_run: RunId | None, limit: int
) -> list[SeenGroup]:
    """Return groups of which the directory has not been given what was said last; ``of_run``: by that run alone."""
    return [_seen_from(row) for row in await fetch(_PENDING, tenant_id, source_id, after, of_run, limit)]


async def find_pending(tenant_id: TenantId, source_id: SourceId, groups: Sequence[str]) -> list[SeenGroup]:
    """Return those of the groups of which the directory has not been given what was said last."""
    return [_seen_from(row) for row in await fetch(_FIND, tenant_id, source_id, list(groups))]


def _seen_from(row: Row) -> SeenGroup:
    said = msgspec.json.decode(row["said"], type=dict)
    return SeenGroup(ext_id=row["ext_id"], op=row["op"], said=said, gone=bool(row["gone"]))


async def ended_among(tenant_id: TenantId, source_id: SourceId, groups: Sequence[str]) -> set[str]:
    """Return which groups are not there any more, by what was said last."""
    return {row["ext_id"] for row in await fetch(_ENDED, tenant_id, source_id, list(groups), unbounded=True)}


async def named_by(tenant_id: TenantId, source_id: SourceId, run_id: RunId, groups: Sequence[str]) -> set[str]:
    """Return of which groups a run said something."""
    return {row["ext_id"] for row in await fetch(_NAMED, tenant_id, source_id, list(groups), run_id, unbounded=True)}


async def rejected_by(tenant_id: TenantId, run_id: RunId, groups: Sequence[str]) -> set[str]:
    """Return which of these groups a run could not read, so that it does not know all of their members."""
    return {row["ext_id"] for row in await fetch(_REJECTED, tenant_id, run_id, list(groups), unbounded=True)}


async def newcomers_among(tenant_id: TenantId, source_id: SourceId, users: Sequence[str]) -> set[str]:
    """Return which of these people are to be taken over."""
    return {row["ext_id"] for row in await fetch(_NEWCOMERS, tenant_id, source_id, list(users), unbounded=True)}


async def settle(tenant_id: TenantId, source_id: SourceId, groups: Sequence[str]) -> None:
    """Note that the directory has been given what was said of these groups."""
    await execute(_SETTLE, tenant_id, source_id, list(groups))


async def note_problem(tenant_id: TenantId, source_id: SourceId, group: str, words: str) -> None:
    """Note why the directory did not take what was said of a group; empty: it did."""
    await execute(_PROBLEM, tenant_id, source_id, [group], words)


async def forget_problems(tenant_id: TenantId, source_id: SourceId, groups: Sequence[str]) -> None:
    """Note that members of groups are as they are to be; what is said of a group itself may still wait."""
    await execute(_MEMBERS_TAKEN, tenant_id, source_id, list(groups))


async def forget(tenant_id: TenantId, source_id: SourceId, groups: Sequence[str]) -> None:
    """Forget what was said of groups that ended."""
    await execute(_FORGET, tenant_id, source_id, list(groups))
