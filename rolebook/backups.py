"""``rolebook backup`` and ``rolebook restore``: a copy of everything while the server runs, and the way back."""

import asyncio
import hashlib
from datetime import datetime
from pathlib import Path

from directory import events, restoring, tenants
from directory.model import Tenant
from directory.store import copies
from directory.store import tenants as rows
from rolebook.command import Answer
from rolebook.database import migrate_database, open_database
from rolebook.settings import Settings

ACTOR = "restored from a backup"
PART_BYTES = 1 << 20


def back_up(settings: Settings, target: Path) -> Answer:
    """Copy the database to a new file and say what is in it.

    Raises:
        CopyError: nothing was written.
    """
    copies.copy_database(settings.database_url.reveal(), target)
    return {"file": str(target), "bytes": target.stat().st_size, "sha256": digest_of(target)}


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(PART_BYTES):
            digest.update(part)
    return digest.hexdigest()


def restore(settings: Settings, copy: Path, *, now: datetime) -> Answer:
    """Bring a copy back into an empty database, with every connection turned off and everybody signed out.

    What was revoked since the copy was made would open doors again; so nothing comes in until a person turns it on.

    Raises:
        CopyError: nothing was brought back.
    """
    copies.bring_back(copy, settings.database_url.reveal())
    return asyncio.run(_secure_all(settings, now=now))


async def _secure_all(settings: Settings, *, now: datetime) -> Answer:
    await migrate_database(settings)
    async with open_database(settings):
        return {
            "tenants": [await _secure(one.tenant, now=now) for one in await rows.list_states()]
        }  # deleted ones, too


async def _secure(tenant: Tenant, *, now: datetime) -> Answer:
    secured = await restoring.secure_restored(tenant, by=tenants.system_actor(tenant, ACTOR), now=now)
    report = await events.verify_chain(tenant.tenant_id)
    return {
        "tenant": tenant.slug,
        "turned_off": list(secured.turned_off),
        "events": report.checked,
        "chain_broken_at": report.broken_at,
    }
