"""What can go wrong in the directory, in plain words and without status codes.

::

    DirectoryError
    ├─ NotFoundError(kind, ident)
    ├─ AlreadyExistsError(kind, attribute, value)
    │  └─ MetError(attribute, value)
    ├─ StaleError(kind, ident, expected, actual)
    ├─ InvalidError(attribute, reason)
    ├─ ForbiddenError(permission)
    │  └─ GuestError
    ├─ UnknownSecretError(cause)
    ├─ UnavailableError
    └─ RefusedError                 a plan that may not be committed
       ├─ LastAdministratorError
       ├─ LastLocalAdministratorError
       ├─ MovedError
       ├─ NoEntryError
       ├─ NoKeysError
       ├─ TooManyTriesError(open_at)
       └─ WrongProofError
"""

from datetime import datetime
from typing import Literal
from uuid import UUID


class DirectoryError(Exception):
    """Anything the directory says no to."""


class NotFoundError(DirectoryError):
    """No such thing in this tenant, or not one that the actor may reach: both look the same."""

    def __init__(self, kind: str, ident: object) -> None:
        super().__init__(f"no {kind} {ident}")
        self.kind = kind
        self.ident = str(ident)


class AlreadyExistsError(DirectoryError):
    """A value that must be unique is taken."""

    def __init__(self, kind: str, attribute: str, value: str) -> None:
        super().__init__(f"another {kind} already has the {attribute} {value}")
        self.kind = kind
        self.attribute = attribute
        self.value = value


class MetError(AlreadyExistsError):
    """Who arrives has a name or an address of somebody who is here: nobody is taken over for that, somebody decides."""

    def __init__(self, attribute: str, value: str, *, queued: bool) -> None:
        super().__init__("user", attribute, value)
        self.queued = queued
        """Whether the source's operator is asked to decide."""


class StaleError(DirectoryError):
    """The caller expected another version than the one that is there."""

    def __init__(self, kind: str, ident: object, *, actual: int) -> None:
        super().__init__(f"{kind} {ident} is at version {actual}, which is not the one that was expected")
        self.kind = kind
        self.ident = str(ident)
        self.actual = actual


class InvalidError(DirectoryError):
    """A value that cannot be stored, with the reason a person can act on."""

    def __init__(self, attribute: str, reason: str) -> None:
        super().__init__(f"{attribute} {reason}")
        self.attribute = attribute
        self.reason = reason


class ForbiddenError(DirectoryError):
    """The actor lacks the permission that the deed needs."""

    def __init__(self, permission: str) -> None:
        super().__init__(f"this needs the permission {permission}")
        self.permission = permission


class GuestError(ForbiddenError):
    """Only people of the tenant itself do this: not somebody who looks in from the super tenant."""

    def __init__(self) -> None:
        super().__init__("of the tenant's own people")
        self.args = ("this is for people of the tenant itself: you look in from its super tenant",)


SecretFault = Literal["malformed", "unknown", "expired", "revoked", "source paused", "tenant suspended"]


class UnknownSecretError(DirectoryError):
    """A secret that opens nothing; ``fault`` is for our own records, never for the caller.

    The ids say whose secret it was, where its public part is known, so that the refusal can be recorded there.
    """

    def __init__(
        self,
        fault: SecretFault,
        *,
        tenant_id: UUID | None = None,
        source_id: UUID | None = None,
        secret_id: UUID | None = None,
    ) -> None:
        super().__init__("the secret is not valid")
        self.fault = fault
        self.tenant_id = tenant_id
        self.source_id = source_id
        self.secret_id = secret_id


class UnavailableError(DirectoryError):
    """The database could not do it now; nothing was changed, and trying again may work."""


class RefusedError(DirectoryError):
    """A plan that may not be committed."""


class LastAdministratorError(RefusedError):
    """The plan would leave the tenant without an active administrator."""

    def __init__(self) -> None:
        super().__init__("this would leave the tenant without an active administrator")


class LastLocalAdministratorError(RefusedError):
    """The plan would give the last local administrator to a feed; one stays outside of all of them."""

    def __init__(self) -> None:
        super().__init__("this is the last local administrator, who stays outside of every feed")


class WrongProofError(RefusedError):
    """What was shown to sign in, or to confirm who one is, is not right; it is not said what of it."""


class NoEntryError(RefusedError):
    """The proof is right, but the user may not sign in: told only to who has shown it."""


class TenantSuspendedError(RefusedError):
    """Nobody signs in to this tenant for now, whoever it is."""

    def __init__(self) -> None:
        super().__init__("this tenant is suspended: nobody can sign in")


class TooManyTriesError(RefusedError):
    """Something was tried too often to be looked at before ``open_at``."""

    def __init__(self, open_at: datetime) -> None:
        super().__init__("there were too many tries")
        self.open_at = open_at


class NoKeysError(RefusedError):
    """A secret cannot be sealed or opened here: the key ring is missing, or the key is not on it."""

    def __init__(self, words: str = "this server has no keys to seal secrets with") -> None:
        super().__init__(words)


class MovedError(RefusedError):
    """What was looked at before it was applied is no longer so; look again."""

    def __init__(self) -> None:
        super().__init__("the directory has changed since the preview, and other people would change role now")
