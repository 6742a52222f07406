"""The whole application in process, over both databases, without its duties; nothing leaves this machine."""

from collections.abc import Iterator

import pytest
from litestar import Litestar

from directory.pulls.kinds import offer_connectors
from directory.store.unit import Engine
from portal.streams import open_streams
from rolebook.app import create_app
from tests.portal.pulling import QuietConnectors
from tests.rolebook.house import settings_for


@pytest.fixture
def app(store: Engine, database_url: str) -> Litestar:
    """Return the application as it is served; its lifespan is not run, so that nothing moves but what is asked."""
    assert store is not None
    open_streams.end_all()  # clients in process read whole answers: a stream says what there is, and is over
    return create_app(settings_for(database_url, ROLEBOOK_LOG_LEVEL="error"))


@pytest.fixture(autouse=True)
def connectors() -> Iterator[None]:
    """Connectors whose checks send nothing."""
    offer_connectors(QuietConnectors())
    yield
    offer_connectors(None)
