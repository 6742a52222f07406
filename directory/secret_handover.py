"""Whether the identity provider has gone over from an old secret to the new one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from directory.model import SecretKey

USED_LATELY = timedelta(minutes=10)
"""A secret that was used so recently is in use: voiding it stops a client that works."""

SETTLED = timedelta(minutes=5)
"""Times of last use are written once a minute, and a cycle's requests come in one burst."""

EXPIRES_SOON = timedelta(days=30)

Verdict = Literal["new unused", "both in use", "safe to revoke"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """An overlap: two secrets that both open the source."""

    new: SecretKey
    old: SecretKey
    verdict: Verdict


def handover_for(secrets: Sequence[SecretKey], now: datetime) -> Handover | None:
    """Return the overlap that is under way, or None where at most one secret is valid."""
    new = next((secret for secret in secrets if secret.state(now) == "active"), None)
    old = next((secret for secret in secrets if secret.state(now) == "retiring"), None)
    if new is None or old is None:
        return None
    return Handover(new=new, old=old, verdict=_verdict(new, old, now))


def is_in_use(secret: SecretKey, now: datetime) -> bool:
    """Whether a valid secret was used within the last minutes."""
    if secret.last_used_at is None or secret.state(now) not in {"active", "retiring"}:
        return False
    return now - secret.last_used_at < USED_LATELY


def expires_soon(secret: SecretKey, now: datetime) -> bool:
    """Whether the active secret runs out within 30 days."""
    return secret.state(now) == "active" and secret.expires_at - now < EXPIRES_SOON


def _verdict(new: SecretKey, old: SecretKey, now: datetime) -> Verdict:
    if new.last_used_at is None:
        return "new unused"
    if old.last_used_at is None:
        return "safe to revoke"
    settled = old.last_used_at < new.last_used_at and now - old.last_used_at >= SETTLED
    return "safe to revoke" if settled else "both in use"
