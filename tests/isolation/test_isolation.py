"""Nothing of one tenant reaches another: not by any route, id, name, place in a list, hash, header or secret."""

import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from litestar import Litestar

from directory.store.unit import Engine
from tests.isolation import machine_probes, portal_probes, scim_probes
from tests.isolation.estate import Party, add_neighbours, client_at, never_was, settle
from tests.isolation.everything import probes_of
from tests.isolation.facts import moved, rows_of
from tests.isolation.probing import Asked, Probe, Prober

pytestmark = pytest.mark.anyio

Settle = Callable[..., Awaitable[Party]]
FAMILIES = {"acme": ("bristol", "cardiff", "dover"), "initech": ("exeter", "fife"), "globex": (), "hooli": ()}
"""Tenants by themselves, and those below them."""


KNOWN_ABOVE = ("own_tenant_id", "change_to_tenant")
"""What a super tenant names of those below it, as its pages do: not tried."""


@pytest.fixture
async def settled(app: Litestar) -> AsyncIterator[Settle]:
    """Make a tenant whose administrator is signed in."""
    async with AsyncExitStack() as stack:

        async def made(slug: str, parent_slug: str | None = None) -> Party:
            return await settle(await stack.enter_async_context(client_at(app)), slug, parent_slug)

        yield made


async def probed(store: Engine, app: Litestar, own: Party, probes: list[Probe]) -> Prober:
    """Send probes as one tenant."""
    async with client_at(app) as machine:
        prober = Prober(store, own.browser.client, machine)
        await prober.run(probes)
    assert prober.faults == []
    return prober


def known_above(own: Party, their: Party, nobodys: Asked) -> Asked:
    """Return made-up names for what a tenant knows of another one as the tenant above it."""
    above = their.world.tenant.parent_id == own.tenant_id
    return {name: nobodys[name] for name in KNOWN_ABOVE} if above else {}


async def assert_apart(store: Engine, app: Litestar, own: Party, their: Party, *, each: int, turn: int = 0) -> int:
    """Nobody of ``own`` finds out or moves anything of ``their`` tenant; returns how many probes were sent."""
    nobodys = never_was(their.things, random.Random(turn))
    theirs = {**their.things, **known_above(own, their, nobodys)}
    before = await rows_of(their.tenant_id)
    prober = await probed(store, app, own, probes_of(own, theirs, nobodys, each=each, turn=turn))
    assert [str(finding) for finding in prober.findings] == []
    assert moved(before, await rows_of(their.tenant_id)) == []
    return prober.probed


def test_whatever_pages_read_is_tried_or_names_nothing() -> None:
    read = portal_probes.names_read()

    assert read - portal_probes.MEANT.keys() - portal_probes.NAMES_NOTHING == set()


@pytest.mark.slow
async def test_tenants_below_one_know_nothing_of_each_other(store: Engine, app: Litestar, settled: Settle) -> None:
    await settled("acme")
    own, their = await settled("bristol", "acme"), await settled("cardiff", "acme")

    assert await assert_apart(store, app, own, their, each=25) > 200


@pytest.mark.slow
async def test_a_tenant_and_the_one_above_it_know_nothing_of_each_other(
    store: Engine, app: Litestar, settled: Settle
) -> None:
    above, below = await settled("acme"), await settled("bristol", "acme")

    assert await assert_apart(store, app, below, above, each=10, turn=1) > 80
    assert await assert_apart(store, app, above, below, each=10, turn=2) > 80


async def test_who_tries_to_sign_in_learns_not_even_whether_there_is_such_a_tenant(
    store: Engine, app: Litestar, settled: Settle
) -> None:
    own, their = await settled("globex"), await settled("hooli")
    nobodys = never_was(their.things, random.Random(1))

    prober = await probed(store, app, own, list(portal_probes.knocks(their.things, nobodys)))

    assert [(finding.theirs[:3], finding.nobodys[:3]) for finding in prober.findings] == []
    assert prober.probed == 1


async def test_secrets_open_nothing_at_another_door(store: Engine, app: Litestar, settled: Settle) -> None:
    own = await settled("bristol")

    prober = await probed(store, app, own, list(machine_probes.of_other_secrets(own))[::4])

    assert [str(finding) for finding in prober.findings] == []
    assert prober.probed > 40


async def test_the_probes_tell_what_is_there_from_what_never_was(store: Engine, app: Litestar, settled: Settle) -> None:
    own = await settled("bristol")
    nobodys = never_was(own.things, random.Random(1))
    things = portal_probes.in_paths(own, own.things, nobodys)
    pages = [one for one in things if one.place.startswith("GET") and "tenant_id" not in one.place]
    filters = list(scim_probes.in_filters(own, own.things, nobodys))

    shown = await probed(store, app, own, pages[::5])
    found = await probed(store, app, own, filters[::5])

    assert len(shown.findings) >= shown.probed - 2 > 10  # a page or two are the same for what may not be done to it
    assert len(found.findings) > found.probed // 2 > 5


@pytest.mark.battery
@pytest.mark.timeout(7200)
async def test_a_thousand_tenants_know_nothing_of_each_other(
    store: Engine, app: Litestar, settled: Settle, capsys: pytest.CaptureFixture[str]
) -> None:
    slugs = [(slug, None) for slug in FAMILIES] + [(slug, up) for up, below in FAMILIES.items() for slug in below]
    await add_neighbours(1_000 - len(slugs))
    parties = [await settled(slug, parent_slug) for slug, parent_slug in slugs]
    before = await rows_of()
    count = 0
    for turn, (own, their) in enumerate(itertools.permutations(parties, 2)):
        count += await assert_apart(store, app, own, their, each=20, turn=turn)
    for own in parties[:2]:
        prober = await probed(store, app, own, list(machine_probes.of_other_secrets(own)))
        assert [str(finding) for finding in prober.findings] == []
        count += prober.probed
    acting = frozenset(party.tenant_id for party in parties)

    assert moved(before, await rows_of(), but=acting) == []
    assert count >= 10_000
    with capsys.disabled():
        print(f"\n{count} probes of {len(parties)} tenants among {len(before)}")  # noqa: T201 - a figure for people
