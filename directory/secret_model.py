"""A bearer token of a source, as a value."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from directory.idents import SecretId, SourceId

SECRET_LIFETIME = timedelta(days=180)
SECRET_LIFETIME_MAX = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKey:
    """A SCIM bearer token as the directory keeps it: never the token itself."""

    secret_id: SecretId
    source_id: SourceId
    public_id: str
    label: str
    last_four: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    retiring_until: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    last_used_from: str | None = None
    last_used_software: str | None = None

    def state(self, now: datetime) -> Literal["active", "retiring", "expired", "revoked"]:
        """What the secret is at ``now``."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= now or (self.retiring_until is not None and self.retiring_until <= now):
            return "expired"
        return "active" if self.retiring_until is None else "retiring"
