"""Whom a reference to a manager means today: the one answer for pages, lists and what is settled beforehand."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from hashlib import sha256
from typing import Literal, NamedTuple
from uuid import UUID

from directory.model import SourceId, TenantId, UserId
from directory.names import name_key
from directory.person import manager_named
from directory.store.circles import parsed_id
from directory.store.compiled import Statement
from directory.store.insert import slices
from directory.store.unit import Row, fetch

Way = Literal["id", "external id", "user name", "e-mail"]
"""By what a reference was found to mean somebody; tried in this order."""

NO_SOURCE = SourceId(UUID(int=0))
"""Stands for local users, who are of no source."""

KEY_CHARS = 200
"""So much of a reference is in an index."""

_BY_ID = Statement("SELECT id FROM user_row WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[]) AND deleted_at IS NULL")
_BY_LINK = Statement(
    "SELECT k.source_id, k.external_id, k.user_id FROM user_link_row k"
    " JOIN user_row u ON u.tenant_id = k.tenant_id AND u.id = k.user_id"
    " WHERE k.tenant_id = $1::uuid AND k.source_id = ANY($2::uuid[]) AND k.external_id = ANY($3::text[])"
    " AND u.deleted_at IS NULL"
)
_BY_NAME = Statement(
    "SELECT user_name_key, id::uuid AS id FROM user_row"
    " WHERE tenant_id = $1::uuid AND user_name_key = ANY($2::text[]) AND deleted_at IS NULL"
    # A name is a user's, or formerly was and still leads to it; never both.
    " UNION ALL SELECT user_name_key, user_id::uuid AS id FROM alias_row"
    " WHERE tenant_id = $1::uuid AND user_name_key = ANY($2::text[])"
)
_BY_EMAIL = Statement(
    "SELECT DISTINCT e.value_key, e.user_id FROM email_row e"
    " JOIN user_row u ON u.tenant_id = e.tenant_id AND u.id = e.user_id"
    " WHERE e.tenant_id = $1::uuid AND e.value_key = ANY($2::text[]) AND u.deleted_at IS NULL"
)


class Asked(NamedTuple):
    """A reference as the users of one source make it."""

    source_id: SourceId
    """``NO_SOURCE`` for local users."""
    ref: str


class Meant(NamedTuple):
    """Whom a reference means, and by what."""

    user_id: UserId
    way: Way


def asked_by(source_id: SourceId | None, ref: str) -> Asked:
    """Return the reference of a user of that source, or of a local one."""
    return Asked(NO_SOURCE if source_id is None else source_id, ref)


def mark_of(ref: str) -> str:
    """Return what tells references apart in an index: itself, unless it is long."""
    return ref if len(ref) <= KEY_CHARS else f"{ref[:120]}#{sha256(ref.encode()).hexdigest()}"


def key_of(text: str) -> str:
    """Return what a reference and a name, id or address have in common if they mean the same user."""
    return mark_of(name_key(manager_named(text)))


async def resolve(tenant_id: TenantId, asked: Collection[Asked]) -> dict[Asked, Meant]:
    """Return whom references mean; those that mean nobody are left out.

    First our id, then an externalId of the same source, then a user name, then an e-mail address that exactly one user
    has: two with the same address are told apart by nobody.
    """
    found: dict[Asked, Meant] = {}
    for some in slices(asked):
        found |= await _resolve(tenant_id, some)
    return found


async def _resolve(tenant_id: TenantId, asked: Iterable[Asked]) -> dict[Asked, Meant]:
    open_refs = {one: manager_named(one.ref) for one in asked}
    found: dict[Asked, Meant] = {}
    for way, look in _LOOKS:
        if not open_refs:
            break
        hits = await look(tenant_id, open_refs)
        found |= {one: Meant(user_id, way) for one, user_id in hits.items()}
        open_refs = {one: ref for one, ref in open_refs.items() if one not in hits}
    return found


async def _ids(tenant_id: TenantId, refs: dict[Asked, str]) -> dict[Asked, UserId]:
    ids = {one: ident for one, ref in refs.items() if (ident := parsed_id(ref.lower())) is not None}
    rows = await fetch(_BY_ID, tenant_id, sorted(set(ids.values()))) if ids else []
    there = {row["id"] for row in rows}
    return {one: UserId(ident) for one, ident in ids.items() if ident in there}


async def _links(tenant_id: TenantId, refs: dict[Asked, str]) -> dict[Asked, UserId]:
    # As it came and without what stands before it: an externalId may be an address itself.
    sources = sorted({one.source_id for one in refs} - {NO_SOURCE})
    if not sources:
        return {}
    texts = sorted({text for one, ref in refs.items() for text in (one.ref, ref)})
    rows = await fetch(_BY_LINK, tenant_id, sources, texts)
    known = {(row["source_id"], row["external_id"]): UserId(row["user_id"]) for row in rows}
    hits = {one: known.get((one.source_id, one.ref), known.get((one.source_id, ref))) for one, ref in refs.items()}
    return {one: user_id for one, user_id in hits.items() if user_id is not None}


async def _names(tenant_id: TenantId, refs: dict[Asked, str]) -> dict[Asked, UserId]:
    keys = {one: name_key(ref) for one, ref in refs.items()}
    rows = await fetch(_BY_NAME, tenant_id, sorted(set(keys.values())))
    known = {row["user_name_key"]: UserId(row["id"]) for row in rows}
    return {one: known[key] for one, key in keys.items() if key in known}


async def _emails(tenant_id: TenantId, refs: dict[Asked, str]) -> dict[Asked, UserId]:
    keys = {one: key for one, ref in refs.items() if "@" in (key := name_key(ref))}
    rows = await fetch(_BY_EMAIL, tenant_id, sorted(set(keys.values()))) if keys else []
    owners: dict[str, list[Row]] = {}
    for row in rows:
        owners.setdefault(row["value_key"], []).append(row)
    alone = {key: UserId(some[0]["user_id"]) for key, some in owners.items() if len(some) == 1}
    return {one: alone[key] for one, key in keys.items() if key in alone}


_LOOKS: tuple[tuple[Way, Callable[[TenantId, dict[Asked, str]], Awaitable[dict[Asked, UserId]]]], ...] = (
    ("id", _ids),
    ("external id", _links),
    ("user name", _names),
    ("e-mail", _emails),
)
