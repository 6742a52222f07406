"""The same people, pushed by SCIM and pulled from their directory to compare: one user, one history, drift named."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, get_args

import msgspec
import pytest

from directory import users
from directory.model import UserAttributes
from directory.pulls import drift_lists
from directory.pulls.model import PullSource
from directory.pulls.sources import create_pull_source, get_pull_source
from directory.pulls.targets import document_for
from directory.store.compiled import Statement
from directory.store.unit import Engine, fetch
from rolebook.jobs import clock
from tests.directory.world import create_world
from tests.fakes import graph_people, okta_people
from tests.fakes.graph import fake_graph
from tests.fakes.okta import fake_okta
from tests.journeys.pulled import Which
from tests.rolebook.pull_house import Fake, Pulled, config_for, hurried, offering, secrets_for

pytestmark = pytest.mark.anyio

SAID = Statement("SELECT ext_id, said FROM seen_row WHERE kind = 'user' AND op = 'upsert' ORDER BY ext_id", house=True)
ROLES = Statement(
    "SELECT subject_id, count(*) AS times FROM event_row WHERE action LIKE 'user:role:%' GROUP BY subject_id",
    house=True,
)
USERS = Statement("SELECT id, source_id, version, role_id, active FROM user_row ORDER BY id", house=True)


@pytest.fixture(params=get_args(Which))
async def audited(request: pytest.FixtureRequest, store: Engine) -> AsyncIterator[Pulled]:
    """A directory of ours whose people a SCIM source pushed, as it would have them."""
    which: Which = request.param
    async with AsyncExitStack() as stack:
        made = fake_graph if which == "graph" else fake_okta
        fake: Fake = await stack.enter_async_context(made(users=25, groups=2, memberships=10))
        offered = stack.enter_context(offering(fake))
        world = await create_world()
        source: PullSource = await create_pull_source(
            which,
            "Asked",
            config_for(which, fake.base),
            secrets_for(which),
            mode="audit",
            audits_source_id=world.source.source_id,
            by=world.system,
            now=clock(),
        )
        pulled = Pulled(world, source, fake, which, hurried(offered))
        await pulled.pull("full")
        yield pulled
    assert store is not None


async def push_all(audited: Pulled) -> None:
    """Push everybody whom the first pull missed here, as the provider sends them."""
    for row in await fetch(SAID):
        document = document_for(msgspec.json.decode(row["said"], type=dict[str, Any]), ext_id=row["ext_id"])
        await users.create_user(UserAttributes(document), by=audited.world.client, now=clock(), revive_inactive=True)


async def drifts(audited: Pulled) -> list[tuple[str, str, str | None, str | None]]:
    found = await drift_lists.list_drifts(audited.source.tenant_id, audited.source.source_id, limit=500)
    return sorted((one.kind, one.ext_id, one.here, one.there) for one in found.drifts)


def ext_id(audited: Pulled, number: int) -> str:
    return graph_people.user_id(number) if audited.which == "graph" else okta_people.user_id(number)


async def test_one_user_one_role_history_and_drift_is_named(audited: Pulled) -> None:
    missing = await drifts(audited)
    await push_all(audited)
    await audited.pull("delta")
    settled = await drifts(audited)
    before = [dict(row) for row in await fetch(USERS)]
    people = audited.fake.people
    numbers = [number for number in range(25) if not (one := people.person(number)).guest and one.status == "ACTIVE"]
    retitled, disabled, purged = numbers[1:4]
    title = people.person(retitled).title
    people.edit_user(retitled, title="Astronaut")
    people.edit_user(disabled, status="SUSPENDED")
    people.purge_user(purged)

    run = await audited.pull("full")

    assert {kind for kind, *_ in missing} == {"missing"}
    assert settled == []
    found = {(kind, ident): (here, there) for kind, ident, here, there in await drifts(audited)}
    assert found[("attribute", ext_id(audited, retitled))] == (title, "Astronaut")
    assert found[("status", ext_id(audited, disabled))] == ("active", "disabled")
    assert ("extra", ext_id(audited, purged)) in found
    assert len(found) == 3
    assert run.state == "done"
    assert [dict(row) for row in await fetch(USERS)] == before
    assert {row["times"] for row in await fetch(ROLES)} == {1}
    await audited.world.assert_consistent()


async def test_an_audit_of_a_directory_that_answers_with_nobody_confirms_nothing(audited: Pulled) -> None:
    await push_all(audited)
    await audited.pull("full")
    before = await drift_lists.list_auditors(audited.source.tenant_id)
    for number in range(25):
        audited.fake.people.purge_user(number)

    await audited.pull("full")

    assert await drifts(audited) == []
    assert await drift_lists.list_auditors(audited.source.tenant_id) == before
    source = await get_pull_source(audited.source.tenant_id, audited.source.source_id)
    assert source.mode == "audit"
