"""The application: the doors side by side, and what starts and ends with it."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.types import HTTPScope

import portal.routes
import scim.gate
import scim.routes
from portal.errors import error_answerer
from portal.visit import Site
from rolebook import duties, health, logs
from rolebook.access import Caller, Watch
from rolebook.database import open_database
from rolebook.jobs import Jobs
from rolebook.metrics import Metrics
from rolebook.ownership import refuse_foreign_owners
from rolebook.settings import Settings

BODY_BYTES_MAX = 1024 * 1024
"""For routes that set no limit of their own."""

Worded = Callable[[Request[Any, Any, Any], Exception], Response[Any]]


def door_of(path: str) -> str:
    """Return which door a path belongs to; whatever is of no other door is shown to a person."""
    if scim.routes.owns(path):
        return "scim"
    return "house" if path == "/metrics" or path.startswith("/health/") else "portal"


def create_app(settings: Settings) -> Litestar:
    """Return the application for one server process.

    Raises:
        ForeignPackageError: another distribution has files in one of our packages.
    """
    refuse_foreign_owners()
    logs.set_up(settings.log_level)
    metrics = Metrics()
    jobs = Jobs(metrics, duties.OF_ALL, own=duties.OF_EACH)
    wording: dict[str, Worded] = {
        "portal": error_answerer(Site(public_url=settings.base_url)),
        "scim": scim.routes.word_exception,
        "house": health.word_error,
    }

    def word(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        """Let the door that owns the path say what went wrong: routers never see a 404 or 405 of the framework."""
        return wording[door_of(request.scope["path"])](request, error)

    app = Litestar(
        route_handlers=[
            health.router(settings, metrics, jobs),
            scim.routes.router(public_url=settings.base_url),
            portal.routes.static_router(public_url=settings.base_url),
            portal.routes.router(public_url=settings.base_url),
        ],
        exception_handlers={HTTPException: word, Exception: word},
        lifespan=[partial(living, settings, jobs)],
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    app.state.jobs = jobs
    app.asgi_handler = Watch(app.asgi_handler, metrics, whose, is_https=settings.base_url.startswith("https://"))
    return app


def whose(scope: HTTPScope) -> Caller:
    """Return which door served a request and for whom, as far as the door found out."""
    ids: dict[str, str] = {}
    exchange = scope["state"].get(scim.gate.STATE_KEY)
    if exchange is not None:
        ids = {
            "tenant_id": str(exchange.draft.tenant_id),
            "source_id": str(exchange.draft.source_id),
            "reference": exchange.draft.reference,
        }
    visit = scope.get("auth")
    if visit is not None:
        ids = {"tenant_id": str(visit.operator.tenant.tenant_id)}
    return Caller(door=door_of(scope["path"]), ids=ids)


@asynccontextmanager
async def living(settings: Settings, jobs: Jobs, _app: Litestar) -> AsyncIterator[None]:
    """Open the database and run the jobs for as long as the application lives.

    Raises:
        SchemaError: the database is older than this program, or newer.
        DatabaseUnavailableError: it cannot be reached.
    """
    async with open_database(settings), jobs.running():
        gc.collect()
        gc.freeze()  # a full collection over the loaded frameworks would stop the loop for 60 ms
        yield
