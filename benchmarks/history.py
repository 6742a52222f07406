"""Three months of a large directory: its events and requests over again, as if providers had pushed all the while."""

import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from benchmarks.seeding import Seeded, template_for
from directory.store.migrations.m0009_activity import SQLITE as COUNT_BY_HOUR
from directory.store.values import time_text

DAYS = 85
BATCH = 20_000
REQUESTS_IN = 3
"""Of so many events one is given a request of its own."""

FAILED_IN = 200
ACTIONS = ("user:changed", "user:changed", "user:changed", "user:role:granted", "user:disabled", "user:enabled")
HASH = "0" * 64


def grown_template(folder: Path, count: int, events: int) -> tuple[Path, Seeded]:
    """Return a directory of ``count`` people with at least so many events, made once."""
    plain, seeded = template_for(folder, count)
    grown = plain.with_name(f"{plain.stem}-{events}.sqlite")
    done = grown.with_suffix(".json")
    if not done.exists():
        shutil.copyfile(plain, grown)
        with sqlite3.connect(grown) as connection:
            grow(connection, events)
        done.write_text(json.dumps(asdict(seeded)), encoding="utf-8")
    return grown, seeded


def grow(connection: sqlite3.Connection, events: int) -> None:
    """Add events, with their values and requests, spread over the last weeks."""
    connection.execute("PRAGMA synchronous=OFF")
    (tenant_id, source_id) = connection.execute("SELECT tenant_id, id FROM source_row").fetchone()
    (have, seq) = connection.execute("SELECT count(*), coalesce(max(seq), 0) FROM event_row").fetchone()
    people = connection.execute("SELECT id, display_name FROM user_row").fetchall()
    missing = max(events - have, 0)
    made = _each_event(tenant_id, source_id, people, missing, seq)
    for rows in iter(lambda: [row for _, row in zip(range(BATCH), made, strict=False)], []):
        _insert(connection, rows)
    connection.execute("UPDATE chain_row SET seq = ?", (seq + missing,))
    connection.executescript(COUNT_BY_HOUR)
    connection.commit()


def _each_event(
    tenant_id: str, source_id: str, people: list[tuple[str, str]], count: int, seq: int
) -> Iterator[tuple[tuple[object, ...], tuple[object, ...], tuple[object, ...] | None]]:
    """Yield rows of event, values and request, oldest first."""
    chance = random.Random(2)  # noqa: S311 - no secret
    start = datetime.now(UTC) - timedelta(days=DAYS)
    step = timedelta(days=DAYS - 1) / max(count, 1)
    for number in range(count):
        at = start + number * step
        event_id, (user_id, name) = _id_at(at, chance), chance.choice(people)
        action = chance.choice(ACTIONS)
        request_id = _id_at(at, chance) if number % REQUESTS_IN == 0 else None
        event = (tenant_id, str(event_id), time_text(at), "source", source_id, action, "user", user_id,
                 None if request_id is None else str(request_id), HASH, HASH, seq + number + 1, HASH)  # fmt: skip
        told = json.dumps({"actor": "bench", "subject": name, "changes": [["title", f"t{number}", f"t{number + 1}"]]})
        values = (tenant_id, str(event_id), "0" * 32, told)
        yield event, values, None if request_id is None else _request(tenant_id, source_id, request_id, user_id, at)


def _id_at(at: datetime, chance: random.Random) -> UUID:
    """Return a UUID of version 7; the directory's own never go back in time."""
    return UUID(
        int=int(at.timestamp() * 1000) << 80 | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62)
    )


def _request(tenant_id: str, source_id: str, request_id: UUID, user_id: str, at: datetime) -> tuple[object, ...]:
    failed = request_id.int % FAILED_IN == 0
    return (tenant_id, str(request_id), source_id, None, request_id.hex[-10:], "PATCH", f"/Users/{user_id}",
            400 if failed else 200, "invalidValue" if failed else None, "title must be a text" if failed else None,
            '{"Operations":[{"op":"Replace","path":"title","value":"t"}]}', "bench", "127.0.0.0/24", "[]",
            time_text(at), 900)  # fmt: skip


def _insert(
    connection: sqlite3.Connection,
    rows: list[tuple[tuple[object, ...], tuple[object, ...], tuple[object, ...] | None]],
) -> None:
    connection.executemany(
        "INSERT INTO event_row (tenant_id, id, at, actor_kind, actor_id, action, subject_kind, subject_id, request_id,"
        " commitment, content_hash, seq, chain_hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [event for event, _, _ in rows],
    )
    connection.executemany(
        "INSERT INTO event_value_row (tenant_id, event_id, salt, document) VALUES (?,?,?,?)",
        [values for _, values, _ in rows],
    )
    connection.executemany(
        "INSERT INTO request_row (tenant_id, id, source_id, secret_id, reference, method, path, status, scim_type,"
        " detail, request_body, software, network, leniencies, started_at, duration_us)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [request for _, _, request in rows if request is not None],
    )
