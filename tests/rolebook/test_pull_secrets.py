"""Credentials of connectors and the tokens they bring: in no log line, no row, no check, whatever goes wrong."""

import logging
import re
from collections.abc import Iterator

import pytest

from connectors.offered import Offered
from directory.pulls.checking import check_source
from directory.pulls.sources import set_secrets
from directory.store.tenancy import HOUSE
from directory.store.unit import Engine
from rolebook.jobs import clock
from tests.fakes.graph import fake_graph
from tests.fakes.graph_tokens import SECRET
from tests.fakes.okta import fake_okta
from tests.fakes.okta_tokens import TOKEN
from tests.rolebook.pull_house import Pulled, connect_tenant, offering

pytestmark = pytest.mark.anyio

ACCESS_TOKEN = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.")
WRONG = "canary-of-a-wrong-credential"
CANARIES = (SECRET, TOKEN, WRONG)
TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgres": "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()",
}


class Kept(logging.Handler):
    """Keeps every line that anything logs, with the errors it is about."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def kept() -> Iterator[Kept]:
    root, handler = logging.getLogger(), Kept()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.setLevel(level)
    root.removeHandler(handler)


async def rows_of(store: Engine) -> list[str]:
    tables = [row["name"] for row in await store.fetch(TABLES[store.engine_type])]
    return [repr(dict(row)) for name in tables for row in await store.fetch(f'SELECT * FROM "{name}"', scope=HOUSE)]  # noqa: S608  # names of tables


async def all_that_is_said(pulled: Pulled, offered: Offered) -> list[str]:
    """Check and pull with the right credentials and with wrong ones; return what was said of it."""
    by, source_id = pulled.world.system, pulled.source.source_id
    assert offered.network.private_addresses
    told = [repr(await check_source(source_id, by=by, now=clock())), repr(await pulled.pull("full"))]
    assert "state='done'" in told[-1]
    (name,) = pulled.source.secret_names
    await set_secrets(source_id, {name: WRONG}, by=by, now=clock())
    told += [repr(await check_source(source_id, by=by, now=clock())), repr(await pulled.pull("full"))]
    assert "state='failed'" in told[-1]
    return told


def check_hidden(*texts: str) -> None:
    for canary in CANARIES:
        assert not [text[:200] for text in texts if canary in text]


async def test_those_of_graph_are_nowhere(store: Engine, kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    async with fake_graph(users=5, groups=2, memberships=5) as fake:
        with offering(fake) as offered:
            told = await all_that_is_said(await connect_tenant("northwind", fake, "graph", offered), offered)
    rows, printed = await rows_of(store), capsys.readouterr()

    assert len(rows) > 20
    assert kept.lines
    check_hidden(*told, *rows, *kept.lines, *printed)
    assert not [text[:200] for text in (*told, *rows, *kept.lines, *printed) if ACCESS_TOKEN.search(text)]


async def test_those_of_okta_are_nowhere(store: Engine, kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    async with fake_okta(users=5, groups=2, memberships=5) as fake:
        with offering(fake) as offered:
            told = await all_that_is_said(await connect_tenant("northwind", fake, "okta", offered), offered)
    rows, printed = await rows_of(store), capsys.readouterr()

    assert len(rows) > 20
    check_hidden(*told, *rows, *kept.lines, *printed)
