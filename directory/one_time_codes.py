"""Second factors: codes of an authenticator app (RFC 6238), and recovery codes for when it is lost."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime

import pyotp

STEP_S = 30
STEPS_AROUND = 1
"""A clock may be one step off in either direction (RFC 6238 section 5.2)."""

ISSUER = "Rolebook"
RECOVERY_COUNT = 10
_RECOVERY_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter looks like another or like a digit."""

_CODE = re.compile(r"[0-9]{6}")
_RECOVERY_LENGTH = 16
_RECOVERY_CODE = re.compile(f"[{_RECOVERY_DIGITS}]{{{_RECOVERY_LENGTH}}}")
_MISREAD = str.maketrans("OIL", "011")


def new_factor_secret() -> str:
    """Return 160 random bits in base 32, as authenticator apps read them."""
    return pyotp.random_base32(32)


def enrolment_uri(secret: str, *, account: str, tenant: str) -> str:
    """Return the address that a QR code shows to an authenticator app."""
    return pyotp.TOTP(secret, name=account, issuer=f"{ISSUER} ({tenant})").provisioning_uri()


def matching_step(secret: str, code: str, *, now: datetime, after_step: int) -> int | None:
    """Return the time step of a code that is right now and later than the last one used, or None.

    The step is kept, so that no code works twice (RFC 6238 section 5.2).
    """
    digits = "".join(code.split())
    if _CODE.fullmatch(digits) is None:
        return None
    generator = pyotp.HOTP(secret)
    present = int(now.timestamp()) // STEP_S
    found = None
    for step in range(present - STEPS_AROUND, present + STEPS_AROUND + 1):
        if hmac.compare_digest(generator.at(step), digits) and step > after_step:
            found = step
    return found


def new_recovery_codes() -> tuple[str, ...]:
    """Return ten codes of 80 random bits, in groups of four."""
    return tuple(_grouped() for _ in range(RECOVERY_COUNT))


def recovery_digest(code: str) -> str | None:
    """Return what is stored in a recovery code's place, however it was typed; None for what is no such code.

    80 random bits need no slow hash.
    """
    plain = re.sub(r"[\s-]+", "", code).upper().translate(_MISREAD)
    if _RECOVERY_CODE.fullmatch(plain) is None:
        return None
    return hashlib.sha256(f"recovery:{plain}".encode()).hexdigest()


def digests_of(codes: tuple[str, ...]) -> list[str]:
    """Return what is stored of recovery codes that were just made."""
    return [digest for digest in map(recovery_digest, codes) if digest is not None]


def _grouped() -> str:
    letters = "".join(secrets.choice(_RECOVERY_DIGITS) for _ in range(_RECOVERY_LENGTH))
    return "-".join(letters[at : at + 4] for at in range(0, _RECOVERY_LENGTH, 4))
