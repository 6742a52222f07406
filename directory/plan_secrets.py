"""What issuing and revoking a secret comes to for the others of its source."""

from datetime import datetime, timedelta

from directory.model import SecretKey, Source
from directory.plan import NOTHING, AttributeChange, Change, Event, InsertRow, Plan, UpdateRows


def plan_issue(source: Source, secret: SecretKey, before: list[SecretKey], *, digest: str, overlap: timedelta) -> Plan:
    """Plan a new secret in the place of the active one, which retires for ``overlap`` or is void at once."""
    now = secret.created_at
    current = next((other for other in before if other.state(now) == "active"), None)
    ended = (_end(source, other, now=now, overlap=overlap) for other in before)
    told = [
        AttributeChange(name="secret", old=None if current is None else described(current), new=described(secret)),
        AttributeChange(name="expires_at", old=None, new=secret.expires_at.isoformat()),
    ]
    if current is not None and overlap:
        told.append(AttributeChange(name="retiring_until", old=None, new=(now + overlap).isoformat()))
    return Plan(
        changes=(*(change for change in ended if change is not None), _secret_row(source, secret, digest)),
        events=(_event("issued" if current is None else "rotated", source, tuple(told)),),
    )


def plan_revocation(source: Source, secret: SecretKey, *, now: datetime) -> Plan:
    """Plan that a secret is void from now on; nothing if it is already."""
    if secret.revoked_at is not None:
        return NOTHING
    told = (AttributeChange(name="secret", old=described(secret), new=None),)
    return Plan(changes=(_update(source, secret, "revoked_at", now),), events=(_event("revoked", source, told),))


def described(secret: SecretKey) -> str:
    """Return the words by which people tell secrets apart, without giving them away."""
    return f"{secret.label} (…{secret.last_four})" if secret.label else f"…{secret.last_four}"


def _end(source: Source, other: SecretKey, *, now: datetime, overlap: timedelta) -> Change | None:
    """Return how an earlier secret ends; at most one active and one retiring one stay valid."""
    match other.state(now):
        case "active" if overlap:
            return _update(source, other, "retiring_until", now + overlap)
        case "active" | "retiring":
            return _update(source, other, "revoked_at", now)
        case "expired" if other.retiring_until is None:
            # It ran out by itself, but would stay the one without an end in the unique index.
            return _update(source, other, "retiring_until", other.expires_at)
        case _:
            return None


def _update(source: Source, secret: SecretKey, column: str, at: datetime) -> UpdateRows:
    return UpdateRows(
        table="secret_row",
        values={column: at},
        where={"tenant_id": source.tenant_id, "id": secret.secret_id, "revoked_at": None},
        require=1,
    )


def _secret_row(source: Source, secret: SecretKey, digest: str) -> InsertRow:
    return InsertRow(
        table="secret_row",
        values={
            "tenant_id": source.tenant_id,
            "id": secret.secret_id,
            "source_id": source.source_id,
            "public_id": secret.public_id,
            "digest": digest,
            "last_four": secret.last_four,
            "label": secret.label,
            "created_by": secret.created_by,
            "created_at": secret.created_at,
            "expires_at": secret.expires_at,
        },
    )


def _event(deed: str, source: Source, changes: tuple[AttributeChange, ...]) -> Event:
    return Event(
        action=f"source:secret:{deed}",
        subject_kind="source",
        subject_id=source.source_id,
        subject_label=source.label,
        changes=changes,
    )
