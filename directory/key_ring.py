"""The key ring: seals what must be kept readable, so that a stolen database or a moved value gives nothing away."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES_MIN = 32
_NONCE_BYTES = 12
_SEALED = re.compile(r"v1\.(?P<key>[0-9a-f]{8})\.(?P<nonce>[A-Za-z0-9_-]+)\.(?P<text>[A-Za-z0-9_-]+)")


class KeyRingError(Exception):
    """A key that is too weak, or a value that does not open: the words never hold either."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value belongs; moved elsewhere, it does not open."""

    table: str
    tenant: object
    row: object
    column: str

    def bound_to(self, key_name: str) -> bytes:
        """Return the place and the key as one text in which nothing can be shifted (length before each part)."""
        parts = (self.table, str(self.tenant), str(self.row), self.column, key_name)
        return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)


@dataclass(frozen=True, slots=True)
class _Key:
    name: str
    material: bytes = field(repr=False)

    def derived(self, purpose: str) -> bytes:
        """Return 256 bits for one purpose alone (HKDF, RFC 5869)."""
        return HKDF(hashes.SHA256(), length=32, salt=None, info=f"rolebook {purpose}".encode()).derive(self.material)


class KeyRing:
    """Keys, the newest first: that one seals, all of them open."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        """Take the keys as raw bytes.

        Raises:
            KeyRingError: there is none, or one is too short or too uniform to be random.
        """
        self._keys = tuple(_Key(hashlib.sha256(b"rolebook key name" + key).hexdigest()[:8], key) for key in keys)
        if not self._keys:
            raise KeyRingError("the key ring is empty")
        for number, key in enumerate(self._keys, start=1):
            if len(key.material) < KEY_BYTES_MIN or len(set(key.material)) < KEY_BYTES_MIN // 4:
                raise KeyRingError(f"key {number} is too weak: it needs {KEY_BYTES_MIN} random bytes")

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which sealed values know their keys; they say nothing of the keys."""
        return tuple(key.name for key in self._keys)

    def seal(self, text: str, place: Place) -> str:
        """Return the text sealed with the newest key, for its place only (AES-256-GCM)."""
        key, nonce = self._keys[0], secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(key.derived("secrets")).encrypt(nonce, text.encode(), place.bound_to(key.name))
        return f"v1.{key.name}.{_text(nonce)}.{_text(sealed)}"

    def open(self, sealed: str, place: Place) -> str:
        """Return the text that was sealed for this place.

        Raises:
            KeyRingError: its key is not on the ring, or the value was changed or moved.
        """
        found = _SEALED.fullmatch(sealed)
        if found is None:
            raise KeyRingError("this is no sealed value")
        for key in self._keys:
            if key.name == found["key"]:
                return _opened(key, found, place)
        raise KeyRingError(f"the key {found['key']} is not on the ring")

    def tag(self, purpose: str, message: str) -> str:
        """Return a proof, made with the newest key, that this server wrote the message."""
        return _tag(self._keys[0], purpose, message)

    def is_tag(self, purpose: str, message: str, tag: str) -> bool:
        """Whether this server wrote the message, with any key of the ring."""
        given = tag.encode(errors="replace")
        return any(hmac.compare_digest(_tag(key, purpose, message).encode(), given) for key in self._keys)


def parse_keys(text: str) -> KeyRing:
    """Return the ring of keys in hex, base 64 or plain text, the newest first, with blanks or commas between them.

    Raises:
        KeyRingError: says which key is wrong, never what it is.
    """
    return KeyRing(_key_bytes(word) for word in re.split(r"[\s,]+", text.strip()))


def new_key_text() -> str:
    """Return a new key as it is written."""
    return secrets.token_hex(KEY_BYTES_MIN)


def _key_bytes(word: str) -> bytes:
    """Return a key as it was most likely written: hex, base 64, or just text; what is too short is refused later."""
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", word) and len(word) >= 2 * KEY_BYTES_MIN:
        return bytes.fromhex(word)
    plain = word.replace("-", "+").replace("_", "/").rstrip("=")
    with suppress(binascii.Error, ValueError):
        raw = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        if len(raw) >= KEY_BYTES_MIN:
            return raw
    return word.encode()


def _opened(key: _Key, found: re.Match[str], place: Place) -> str:
    try:
        text = AESGCM(key.derived("secrets")).decrypt(
            _bytes(found["nonce"]), _bytes(found["text"]), place.bound_to(key.name)
        )
    except (InvalidTag, binascii.Error, ValueError):
        raise KeyRingError("the value was changed, or belongs elsewhere") from None
    return text.decode()


def _tag(key: _Key, purpose: str, message: str) -> str:
    return hmac.digest(key.derived(purpose), message.encode(), "sha256").hex()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
