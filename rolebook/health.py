"""Whether this process lives, whether it should get requests, and what it counted: for machines that watch."""

import asyncio
import hmac
import shutil
from time import monotonic
from typing import Any

import structlog
from litestar import HttpMethod, Request, Response, Router, get, route
from litestar.exceptions import HTTPException

from directory import leases, upkeep
from directory.errors import DirectoryError
from directory.store.errors import StoreError
from rolebook.jobs import Clock, Jobs, clock
from rolebook.metrics import CONTENT_TYPE, Metrics
from rolebook.settings import Settings, is_loopback

log = structlog.get_logger("rolebook.health")

CACHED_S = 2.0
DISK_FREE_MIN = 0.05
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
READS = [HttpMethod.GET, HttpMethod.HEAD]
PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip")

AnyRequest = Request[Any, Any, Any]


class Readiness:
    """What has to be well for this process to serve; asked at most every two seconds."""

    def __init__(self, settings: Settings, jobs: Jobs, *, now: Clock = clock) -> None:
        self._database_path = settings.database_path
        self._jobs = jobs
        self._now = now
        self._checked_at = -CACHED_S
        self._failing: list[str] = []
        self._one_at_a_time = asyncio.Lock()

    async def failing(self) -> list[str]:
        """Return the names of what is not well, in a fixed order."""
        async with self._one_at_a_time:  # whoever comes meanwhile waits for the answer
            if monotonic() - self._checked_at >= CACHED_S:
                self._failing = [
                    name
                    for name, is_well in (
                        ("database", await self._can_write()),
                        ("disk", self._has_room()),
                        ("scheduler", self._jobs.is_ticking),
                    )
                    if not is_well
                ]
                self._checked_at = monotonic()
            return self._failing

    async def _can_write(self) -> bool:
        try:
            await leases.try_write(self._now())
        except (StoreError, DirectoryError) as error:
            log.warning("database not ready", exc_info=error)
            return False
        return True

    def _has_room(self) -> bool:
        """Whether the disk of the SQLite file has room; PostgreSQL's disk is watched where it is."""
        if self._database_path is None:
            return True
        usage = shutil.disk_usage(self._database_path.parent)
        return usage.free / usage.total > DISK_FREE_MIN


def router(settings: Settings, metrics: Metrics, jobs: Jobs) -> Router:
    """Return the addresses for machines that watch."""
    readiness = Readiness(settings, jobs)

    @route("/health/live", http_method=READS, sync_to_thread=False)
    def live() -> Response[dict[str, str]]:
        """Answer while the event loop turns; the database is not asked."""
        return Response({"status": "live"}, headers=HEADERS)

    @route("/health/ready", http_method=READS)
    async def ready() -> Response[dict[str, object]]:
        """Answer 200 while requests can be served, else 503 with what is wrong."""
        failing = await readiness.failing()
        answer: dict[str, object] = {"status": "unready" if failing else "ready", "failing": failing}
        answer["duties_failing"] = sorted(jobs.failures)
        if reason := upkeep.why_open():
            answer["row_level_security"] = f"not in force: {reason}"
        return Response(answer, status_code=503 if failing else 200, headers=HEADERS)

    @get("/metrics", sync_to_thread=False)
    def show_metrics(request: AnyRequest) -> Response[bytes]:
        """Answer what this process counted, to whoever may read it; others learn nothing."""
        if not may_read(request, settings):
            return Response(b"", status_code=404, headers=HEADERS, media_type="text/plain")
        return Response(metrics.render(), headers=HEADERS, media_type=CONTENT_TYPE)

    return Router(path="/", route_handlers=[live, ready, show_metrics], include_in_schema=False)


def may_read(request: AnyRequest, settings: Settings) -> bool:
    """Whether the caller shows the token; without one configured, whether it called from this machine directly."""
    if settings.metrics_token is not None:
        shown = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(shown, f"Bearer {settings.metrics_token.reveal()}".encode())
    is_proxied = any(name in request.headers for name in PROXY_HEADERS)
    return request.client is not None and is_loopback(request.client.host) and not is_proxied


def word_error(_request: AnyRequest, error: Exception) -> Response[dict[str, str]]:
    """Word what goes wrong at these addresses: a status and its name."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status >= 500:
        log.error("health failed", exc_info=error)
    return Response({"status": str(status)}, status_code=status, headers=HEADERS)
