"""Where the key ring comes from: the settings, or a file beside the SQLite database."""

import os
from pathlib import Path

import structlog

from directory.key_ring import KeyRing, KeyRingError, new_key_text, parse_keys
from rolebook.settings import Settings, SettingsError

FOR_OWNER_ONLY = 0o600

log = structlog.get_logger("rolebook.keys")


def key_ring_for(settings: Settings, *, may_make: bool = True) -> KeyRing | None:
    """Return the ring of these settings; a SQLite database gets a key file at its first use.

    None on PostgreSQL without keys, on this machine only: nothing can be sealed then; and without a key file, where
    none ``may_make``.

    Raises:
        SettingsError: the keys are missing where they are needed, or cannot be read.
    """
    if settings.keys is not None:
        return parse_keys(settings.keys.reveal())
    if settings.key_file is not None:
        return ring_in(settings.key_file) if may_make or settings.key_file.exists() else None
    if settings.beyond_loopback:
        raise SettingsError(
            ["ROLEBOOK_KEYS: missing. Beyond this machine administrators need a second factor, which it seals"]
        )
    return None


def ring_in(path: Path) -> KeyRing:
    """Return the ring of a key file, which is made if it is not there, for its owner only.

    Raises:
        SettingsError: it cannot be read, or holds no ring.
    """
    try:
        make_key_file(path)
        if path.stat().st_mode & 0o077:
            log.warning("key file was open to others", file=path.name)
            path.chmod(FOR_OWNER_ONLY)
        return parse_keys(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError):
        raise SettingsError([f"ROLEBOOK_KEYS: the key file {path} cannot be read or made"]) from None
    except KeyRingError as error:
        raise SettingsError([f"ROLEBOOK_KEYS: the key file {path}: {error}"]) from None


def make_key_file(path: Path) -> None:
    """Write one new key, unless the file is there; it appears with its contents, or not at all."""
    if path.exists():
        return
    written = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FOR_OWNER_ONLY), "w") as file:
        file.write(new_key_text() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(written, path)
    except FileExistsError:
        log.debug("another process made the key file", file=path.name)
    finally:
        written.unlink()
