"""Keys of asset systems: shown once, kept as hashes, void when they are rotated or revoked."""

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from directory.commit import commit_plan, in_unit_of
from directory.errors import InvalidError, NotFoundError, UnknownSecretError
from directory.ids import new_id
from directory.model import SECRET_LIFETIME, SECRET_LIFETIME_MAX, Actor, Permission, TenantId
from directory.plan import AttributeChange, Change, Event, InsertRow, Plan, UpdateRows
from directory.store import equipment_keys
from directory.store.equipment_keys import EquipmentKey
from directory.store.unit import in_unit
from directory.tokens import LENGTH_MAX, digest_of, new_secret_token, public_id_of

__all__ = ["EquipmentKey", "IssuedKey", "create_key", "get_key", "list_keys", "recognise", "revoke_key", "rotate_key"]

OVERLAPS = (timedelta(0), timedelta(hours=1), timedelta(hours=24))
"""How long the previous key may stay valid when it is rotated."""

LABEL_CHARS_MAX = 100
LIVE_MAX = 20
"""So many keys of a tenant open something at the same time."""

LISTED_MAX = 100
CARRIES: Permission = "users:manage"
"""What a key may do in its tenant. Whoever makes one may do it too: nobody gives what they do not have."""

STAMPED_EVERY = timedelta(minutes=1)
_NOBODYS_DIGEST = digest_of("nobody's")
"""Compared with when the public part is unknown, so that this takes as long as a wrong key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A new key with its token, which is never to be had again."""

    key: EquipmentKey
    token: str = field(repr=False)


async def create_key(label: str, *, lifetime: timedelta = SECRET_LIFETIME, by: Actor, now: datetime) -> IssuedKey:
    """Create a key by which an asset system reads and changes the tenant's equipment, and nothing else.

    Raises:
        InvalidError: no label, a lifetime beyond 1 to 365 days, or one key too many.
        ForbiddenError: the actor may not manage sources, or not what a key may do.
    """
    by.require("sources:manage")
    by.require(CARRIES)
    issued, public_id = _new_key(_checked_label(label), lifetime, by=by, now=now)

    async def body() -> None:
        await _check_room(by.tenant_id, now)
        told = AttributeChange(name="key", old=None, new=_described(issued.key))
        plan = Plan(changes=(_row(issued.key, public_id),), events=(_event("created", issued.key, told),))
        await commit_plan(plan, by=by, now=now)

    await in_unit_of(by, body)
    return issued


async def rotate_key(
    key_id: UUID,
    *,
    lifetime: timedelta = SECRET_LIFETIME,
    overlap: timedelta = timedelta(0),
    by: Actor,
    now: datetime,
) -> IssuedKey:
    """Put a new key in the place of one, which is void now or after ``overlap``.

    Raises:
        NotFoundError: the tenant has no such key, or it is void or retiring already.
        InvalidError: a lifetime beyond 1 to 365 days, another overlap than 0, 1 or 24 hours, or one key too many.
        ForbiddenError: as for ``create_key``.
    """
    by.require("sources:manage")
    by.require(CARRIES)
    if overlap not in OVERLAPS:
        raise InvalidError("overlap", "must be none, 1 hour or 24 hours")
    issued, public_id = _new_key("", lifetime, by=by, now=now)

    async def body() -> IssuedKey:
        before = await equipment_keys.hold_key(by.tenant_id, key_id)
        if before is None or before.state(now) != "active":
            raise NotFoundError("key", key_id)
        if overlap:
            await _check_room(by.tenant_id, now)
        after = replace(issued.key, label=before.label)
        ended = {"retiring_until": now + overlap} if overlap else {"revoked_at": now}
        told = (
            AttributeChange(name="key", old=_described(before), new=_described(after)),
            AttributeChange(name="expires_at", old=before.expires_at.isoformat(), new=after.expires_at.isoformat()),
        )
        plan = Plan(changes=(_end(before, ended), _row(after, public_id)), events=(_event("rotated", after, *told),))
        await commit_plan(plan, by=by, now=now)
        return replace(issued, key=after)

    return await in_unit_of(by, body)


async def revoke_key(key_id: UUID, *, by: Actor, now: datetime) -> None:
    """Void a key now; one that is void already stays as it is.

    Raises:
        NotFoundError: the tenant has no such key.
        ForbiddenError: the actor may not manage sources.
    """
    by.require("sources:manage")

    async def body() -> None:
        key = await equipment_keys.hold_key(by.tenant_id, key_id)
        if key is None:
            raise NotFoundError("key", key_id)
        if key.revoked_at is None:
            told = AttributeChange(name="key", old=_described(key), new=None)
            plan = Plan(changes=(_end(key, {"revoked_at": now}),), events=(_event("revoked", key, told),))
            await commit_plan(plan, by=by, now=now)

    await in_unit_of(by, body)


async def list_keys(tenant_id: TenantId, *, now: datetime) -> list[EquipmentKey]:
    """Return the keys of a tenant: those that open something, then the newest void ones."""
    return await equipment_keys.list_keys(tenant_id, now=now, limit=LISTED_MAX)


async def get_key(tenant_id: TenantId, key_id: UUID) -> EquipmentKey:
    """Return a key, also a void one.

    Raises:
        NotFoundError: the tenant has none of that id.
    """
    key = await equipment_keys.find_key(tenant_id, key_id)
    if key is None:
        raise NotFoundError("key", key_id)
    return key


async def recognise(token: str, *, now: datetime, network: str) -> Actor:
    """Return whom a token stands for, and note that it was used, once a minute.

    Raises:
        UnknownSecretError: it opens nothing.
    """
    public_id = public_id_of(token, "e") if len(token) <= LENGTH_MAX and token.isascii() else None
    key = None if public_id is None else await equipment_keys.find_presented(public_id)
    matches = hmac.compare_digest(
        digest_of(token) if token.isascii() else "", _NOBODYS_DIGEST if key is None else key.digest
    )
    if key is None or not matches:
        raise UnknownSecretError("malformed" if public_id is None else "unknown")
    state = key.state(now)
    if state in {"expired", "revoked"}:
        raise UnknownSecretError("expired" if state == "expired" else "revoked", tenant_id=key.tenant_id)
    if key.last_used_at is None or now - key.last_used_at >= STAMPED_EVERY:
        await in_unit(
            key.tenant_id,
            lambda: equipment_keys.stamp_use(key, at=now, network=network, unless_since=now - STAMPED_EVERY),
        )
    return Actor(
        tenant_id=key.tenant_id,
        kind="operator",
        label=f"Equipment API ({key.label})",
        permissions=frozenset({CARRIES}),
    )


def _new_key(label: str, lifetime: timedelta, *, by: Actor, now: datetime) -> tuple[IssuedKey, str]:
    if not timedelta(days=1) <= lifetime <= SECRET_LIFETIME_MAX:
        raise InvalidError("lifetime", f"must be 1 to {SECRET_LIFETIME_MAX.days} days")
    token = new_secret_token("e")
    key = EquipmentKey(
        tenant_id=by.tenant_id,
        key_id=new_id(now),
        label=label,
        last_four=token.text[-4:],
        digest=digest_of(token.text),
        created_by=by.label,
        created_at=now,
        expires_at=now + lifetime,
    )
    return IssuedKey(key=key, token=token.text), token.public_id


def _checked_label(label: str) -> str:
    label = label.strip()
    if not label or len(label) > LABEL_CHARS_MAX or not label.isprintable():
        raise InvalidError("label", f"is needed, in at most {LABEL_CHARS_MAX} characters that can be printed")
    return label


async def _check_room(tenant_id: TenantId, now: datetime) -> None:
    if await equipment_keys.count_live(tenant_id, now=now) >= LIVE_MAX:
        raise InvalidError("key", f"is one too many: {LIVE_MAX} may be valid, so revoke one first")


def _described(key: EquipmentKey) -> str:
    return f"{key.label} (…{key.last_four})"


def _row(key: EquipmentKey, public_id: str) -> Change:
    return InsertRow(
        table="equipment_key_row",
        values={
            "tenant_id": key.tenant_id,
            "id": key.key_id,
            "public_id": public_id,
            "digest": key.digest,
            "last_four": key.last_four,
            "label": key.label,
            "created_by": key.created_by,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
        },
    )


def _end(key: EquipmentKey, values: dict[str, datetime]) -> Change:
    where = {"tenant_id": key.tenant_id, "id": key.key_id, "revoked_at": None}
    return UpdateRows(table="equipment_key_row", values=values, where=where, require=1)


def _event(deed: str, key: EquipmentKey, *changes: AttributeChange) -> Event:
    return Event(
        action=f"equipment:key:{deed}",
        subject_kind="secret",
        subject_id=key.key_id,
        subject_label=key.label,
        changes=changes,
    )
