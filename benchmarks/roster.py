"""Who takes part: Rolebook on both databases, the peers, and a route without any work."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.seeding import prepare
from benchmarks.systems import APPS, PEERS, ROOT, TOKEN, Place, System

NODE = PEERS / "node"
PEERS_PYTHON = PEERS / "bin/python"

# As `rolebook serve` starts it: rolebook/serving.py.
UVICORN = (
    *("--loop", "uvloop", "--http", "httptools", "--ws", "none", "--log-level", "warning"),
    *("--no-access-log", "--no-server-header", "--no-proxy-headers"),
)

Command = Sequence[str | Path]


def uvicorn(python: str | Path, app: str) -> Callable[[Place], Command]:
    """Return how an ASGI application is served: as Rolebook is."""
    return lambda place: [python, "-m", "uvicorn", app, "--port", str(place.port), *UVICORN]


def _rolebook(place: Place) -> Command:
    return [sys.executable, "-m", "rolebook", "serve", "--port", str(place.port), "--json"]


def _rolebook_variables(place: Place) -> dict[str, str]:
    return {"ROLEBOOK_DATABASE_URL": place.database_url, "ROLEBOOK_LOG_LEVEL": "warning"}


def _prepare_rolebook(place: Place) -> str:
    return asyncio.run(prepare(place.database_url)).token


def _gunicorn(place: Place) -> Command:
    threads = ("--workers", "1", "--worker-class", "gthread", "--threads", "8", "--keep-alive", "60")
    bound = ("--bind", f"127.0.0.1:{place.port}", "--worker-tmp-dir", place.folder, "--log-level", "warning")
    return [PEERS_PYTHON, "-m", "gunicorn", "django_site.wsgi", *threads, *bound]


def _django_variables(place: Place) -> dict[str, str]:
    return {"BENCH_DATABASE_URL": place.database_url, "DJANGO_SETTINGS_MODULE": "django_site.settings"}


def _prepare_django(place: Place) -> str:
    """Make its tables as Django does for applications without migrations."""
    command = [PEERS_PYTHON, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"]
    variables = {**_django_variables(place), "BENCH_TOKEN": TOKEN, "PATH": os.defpath}
    subprocess.run([str(word) for word in command], cwd=APPS, env=variables, check=True, timeout=60)
    return TOKEN


ROLEBOOK_SQLITE = System(
    name="Rolebook, SQLite",
    durable="yes: WAL, synchronous=FULL",
    authenticated="secret, looked up by its digest",
    records="request record, role decision and events in the same transaction",
    base="/scim/v2",
    is_ours=True,
    command=_rolebook,
    variables=_rolebook_variables,
    prepare=_prepare_rolebook,
    at=ROOT,
)
ROLEBOOK_POSTGRES = System(
    name="Rolebook, PostgreSQL",
    durable="yes: fsync on",
    authenticated=ROLEBOOK_SQLITE.authenticated,
    records=ROLEBOOK_SQLITE.records,
    base="/scim/v2",
    is_ours=True,
    needs_postgres=True,
    command=_rolebook,
    variables=_rolebook_variables,
    prepare=_prepare_rolebook,
    at=ROOT,
)
CONSTANT = System(
    name="constant reply",
    durable="nothing to keep",
    authenticated="no",
    records="no",
    base="/scim/v2",
    command=uvicorn(sys.executable, "constant:app"),
)
SCIM2_SERVER = System(
    name="scim2-server, memory",
    durable="no",
    authenticated="token compared",
    records="no",
    base="/v2",
    command=uvicorn(PEERS_PYTHON, "scim2:app"),
)
DJANGO = System(
    name="django-scim2, PostgreSQL",
    durable="yes: fsync on",
    authenticated="token compared",
    records="no",
    base="/scim/v2",
    leaves="entra",
    needs_postgres=True,
    command=_gunicorn,
    variables=_django_variables,
    prepare=_prepare_django,
)
SCIMMY = System(
    name="SCIMMY, memory",
    durable="no",
    authenticated="token compared",
    records="no",
    base="/scim/v2",
    command=lambda place: ["node", APPS / "scimmy.js", str(place.port)],
    at=NODE,
)
SCIMMY_SQLITE = System(
    name="SCIMMY, SQLite",
    durable="yes: WAL, synchronous=FULL",
    authenticated="token compared",
    records="no",
    base="/scim/v2",
    command=lambda place: ["node", APPS / "scimmy.js", str(place.port), place.folder / "scimmy.sqlite"],
    at=NODE,
)

SYSTEMS = (ROLEBOOK_SQLITE, ROLEBOOK_POSTGRES, SCIM2_SERVER, DJANGO, SCIMMY, SCIMMY_SQLITE)
