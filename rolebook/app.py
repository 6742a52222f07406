"""The application: the doors side by side, and what starts and ends with it."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from litestar import Litestar, Request, Response
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

import portal.api.routes
import portal.routes
import scim.routes
from connectors.offered import Offered
from directory.pulls.kinds import offer_connectors
from directory.sealing_keys import use_key_ring
from portal.api.problems import problem_answer
from portal.errors import error_answerer
from portal.streams import open_streams
from portal.visit import Site
from rolebook import duties, health, logs
from rolebook.access import Caller, Watch
from rolebook.connecting import offered_connectors
from rolebook.database import open_database
from rolebook.jobs import Jobs
from rolebook.keys import key_ring_for
from rolebook.metrics import Metrics
from rolebook.outgoing import outgoing_duties
from rolebook.ownership import refuse_foreign_owners
from rolebook.pull_means import Means, connecting
from rolebook.pulling import Puller
from rolebook.settings import Settings
from rolebook.simulation import Simulator
from rolebook.stopping import told_of_stop

YOUNG_MAX = 10_000
"""So many objects are made before the collector looks for circles among them; 700 is once in four requests."""

BODY_BYTES_MAX = 1024 * 1024
"""For routes that set no limit of their own."""

Worded = Callable[[Request[Any, Any, Any], Exception], Response[Any]]


def door_of(path: str) -> str:
    """Return which door a path belongs to; whatever is of no other door is shown to a person."""
    if scim.routes.owns(path):
        return "scim"
    if portal.api.routes.owns(path):
        return "api"
    return "house" if path == "/metrics" or path.startswith("/health/") else "portal"


def create_app(settings: Settings) -> Litestar:
    """Return the application for one server process.

    Raises:
        ForeignPackageError: another distribution has files in one of our packages.
    """
    refuse_foreign_owners()
    logs.set_up(settings.log_level)
    metrics = Metrics()
    offered = offered_connectors(settings)
    puller = Puller(Means(connect=connecting(offered)))
    jobs = Jobs(metrics, (*duties.OF_ALL, *outgoing_duties(settings)), own=(*duties.OF_EACH, puller.duty))
    wording: dict[str, Worded] = {
        "portal": error_answerer(Site(public_url=settings.base_url)),
        "api": problem_answer,
        "house": health.word_error,
    }

    def word(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        """Let the door that owns the path say what went wrong: routers never see a 404 or 405 of the framework."""
        return wording[door_of(request.scope["path"])](request, error)

    app = Litestar(
        route_handlers=[
            health.router(settings, metrics, jobs),
            portal.api.routes.router(),
            portal.routes.static_router(public_url=settings.base_url),
            portal.routes.router(
                public_url=settings.base_url,
                simulate=Simulator(settings.base_url),
                sends_mail=settings.smtp_url is not None,
                private_webhooks=settings.allow_private_webhooks,
            ),
        ],
        exception_handlers={HTTPException: word, Exception: word},
        lifespan=[partial(living, settings, jobs, puller, offered)],
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    app.state.jobs = jobs
    doors = beside(scim.routes.door(public_url=settings.base_url), app.asgi_handler)
    app.asgi_handler = Watch(doors, metrics, whose, is_https=settings.base_url.startswith("https://"))
    return app


def beside(scim_door: ASGIApp, framework: ASGIApp) -> ASGIApp:
    """Return the application that gives SCIM's paths to their door, and everything else to the framework.

    Machines ask thousands of times a second what the framework would route, wrap and answer for 130 us each
    (docs/decisions.md).
    """

    async def by_door(scope: Scope, receive: Receive, send: Send) -> None:
        is_scim = scope["type"] == ScopeType.HTTP and scim.routes.owns(scope["path"])
        await (scim_door if is_scim else framework)(scope, receive, send)

    return by_door


def whose(scope: HTTPScope) -> Caller:
    """Return which door served a request and for whom, as far as the door found out."""
    return Caller(door=door_of(scope["path"]), ids=partial(ids_of, scope))


def ids_of(scope: HTTPScope) -> dict[str, str]:
    """Return the ids that the line of a request has."""
    exchange = scope["state"].get(scim.routes.STATE_KEY)
    visit = scope.get("auth")
    if visit is not None:
        return {"tenant_id": str(visit.operator.tenant.tenant_id)}
    if exchange is None:
        return {}
    return {
        "tenant_id": str(exchange.draft.tenant_id),
        "source_id": str(exchange.draft.source_id),
        "reference": exchange.draft.reference,
    }


@asynccontextmanager
async def living(
    settings: Settings, jobs: Jobs, puller: Puller, offered: Offered, _app: Litestar
) -> AsyncIterator[None]:
    """Open the database, and run the jobs and the pulls for as long as the application lives.

    Raises:
        SettingsError: the key ring cannot be used.
        SchemaError: the database is older than this program, or newer.
        DatabaseUnavailableError: it cannot be reached.
    """
    use_key_ring(key_ring_for(settings))
    offer_connectors(offered)
    open_streams.reopen()
    async with open_database(settings), jobs.running(), puller.running():
        gc.collect()
        gc.freeze()  # a full collection over the loaded frameworks would stop the loop for 60 ms
        gc.set_threshold(YOUNG_MAX, *gc.get_threshold()[1:])
        with told_of_stop(open_streams.end_all):
            yield
