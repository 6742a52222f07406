"""``rolebook keys``: bring sealed values under a new key."""

import os
from pathlib import Path

import click

from directory import resealing
from directory.key_ring import KeyRing, new_key_text
from rolebook.command import Answer, Run, command
from rolebook.keys import FOR_OWNER_ONLY, key_ring_for, ring_in
from rolebook.settings import Settings, SettingsError


@click.group("keys")
def of_keys() -> None:
    """The keys that seal credentials, webhook secrets and second factors."""


@of_keys.command("add")
@command
def add_key(run: Run) -> None:
    """Put a new key first in the key file beside the SQLite database; then restart the server."""
    if run.settings.keys is not None or run.settings.key_file is None:
        raise click.ClickException("Keys come from ROLEBOOK_KEYS here: put a new one first there.")
    ring = add_to_file(run.settings.key_file)
    answer: Answer = {"key": ring.names[0], "keys": list(ring.names)}
    run.say(
        answer,
        f"The new key {ring.names[0]} is first of {len(ring.names)} in {run.settings.key_file.name}.",
        "Restart the server, back the file up, and run: rolebook keys rotate",
    )


@of_keys.command("rotate")
@command
def rotate(run: Run) -> None:
    """Seal everything with the newest key; run it when every server process has that key."""
    ring = ring_for(run.settings)

    async def work() -> Answer:
        done = await resealing.reseal_all(ring)
        others = dict.fromkeys(ring.names[1:], 0) | done.left
        return {"key": done.key_name, "resealed": done.count, "left": others, "unreadable": done.unreadable}

    answer = run.with_directory(work, may_create=False)
    lines = [f"{answer['resealed']:,} values are sealed with the key {answer['key']} now."]
    lines += [f"{count:,} left under {name}." for name, count in answer["left"].items()]
    lines += [f"{count:,} {things} open with no key of the ring." for things, count in answer["unreadable"].items()]
    run.say(answer, *lines)
    if answer["unreadable"]:
        raise SystemExit(1)


def ring_for(settings: Settings) -> KeyRing:
    """Return the ring of these settings.

    Raises:
        SettingsError: there is none.
    """
    ring = key_ring_for(settings, may_make=False)
    if ring is None:
        raise SettingsError(["ROLEBOOK_KEYS: missing. Nothing is sealed without keys"])
    return ring


def add_to_file(path: Path) -> KeyRing:
    """Put a new key before those of a file, which then appears as a whole; returns its ring.

    Raises:
        SettingsError: the file cannot be read or holds no ring.
    """
    ring_in(path)
    written = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FOR_OWNER_ONLY), "w") as file:
        file.write(f"{new_key_text()}\n{path.read_text(encoding='ascii')}")
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)
    return ring_in(path)
