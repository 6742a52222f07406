"""Sources that are pulled: what is kept of them, and what nobody is ever shown."""

from datetime import timedelta

import pytest

from directory import events
from directory.errors import ForbiddenError, InvalidError, NoKeysError, NotFoundError
from directory.key_ring import KeyRing, KeyRingError
from directory.model import Actor, JsonObject
from directory.pulls import run_life, runs, sources
from directory.pulls.credentials import place_mark
from directory.pulls.kinds import current_connectors
from directory.pulls.model import PullSource
from directory.sealing_keys import use_key_ring
from directory.store.compiled import Statement
from directory.store.unit import execute, fetch, fetch_one
from tests.directory.pulls.pulled import GRAPH, OKTA, graph_source, okta_source
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio

SECRET = "sesame-street"
EVERYTHING = Statement("SELECT * FROM pull_row", house=True)
EVENTS = Statement("SELECT * FROM event_row ORDER BY id", house=True)
VALUES = Statement("SELECT * FROM event_value_row", house=True)
STEPS = Statement("SELECT * FROM undo_step_row", house=True)
SEALED = Statement("SELECT sealed FROM pull_row WHERE source_id = $1::uuid", house=True)
MOVE = Statement("UPDATE pull_row SET sealed = $2::text WHERE source_id = $1::uuid", house=True)
READDRESS = Statement("UPDATE pull_row SET config = $2::text WHERE source_id = $1::uuid", house=True)
CURSOR = Statement(
    "INSERT INTO pull_cursor_row (tenant_id, source_id, stream, committed) VALUES ($1::uuid, $2::uuid, 'users', 'here')"
)
CURSORS = Statement("SELECT stream FROM pull_cursor_row", house=True)
RULES: list[JsonObject] = [{"rule": "direct", "target": "userName", "source": "mail"}]


async def actions() -> list[str]:
    return [row["action"] for row in await fetch(EVENTS) if row["action"].startswith("source:")][1:]


async def test_a_new_source_is_pulled_within_its_interval(world: World) -> None:
    source = await graph_source(world)

    assert (source.kind, source.label, source.mode, source.secret_names) == (
        "graph",
        "Graph",
        "provision",
        ("client_secret",),
    )
    assert source.config == {**GRAPH, "cloud": "global", "scope": "all", "application_id": None, "guests": False,
                             "nested": "direct"}  # fmt: skip
    assert source.next_at is not None
    assert world.now < source.next_at <= world.now + timedelta(minutes=30)
    assert await sources.list_due(source.next_at - timedelta(seconds=1), 10) == []
    assert await sources.list_due(source.next_at, 10) == [(source.tenant_id, source.source_id)]


async def test_without_credentials_a_source_is_never_due(world: World) -> None:
    source = await graph_source(world, secrets={})

    assert source.next_at is None
    assert await sources.list_due(world.now + timedelta(days=9), 10) == []
    given = await sources.set_secrets(source.source_id, {"client_secret": SECRET}, by=world.system, now=world.tick())
    assert given.next_at is not None


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({}, "tenant"),
        ({**GRAPH, "tenant": "not a domain"}, "tenant"),
        ({**GRAPH, "tenant": "   "}, "tenant"),
        ({**GRAPH, "client_id": "7"}, "client_id"),
        ({**GRAPH, "cloud": "mars"}, "cloud"),
        ({**GRAPH, "guests": "perhaps"}, "guests"),
        ({**GRAPH, "client_secret": SECRET}, "client_secret"),
        ({**GRAPH, "tenant": ["contoso.example"]}, "tenant"),
    ],
)
async def test_a_configuration_is_refused_by_the_field_that_is_wrong(
    world: World, config: JsonObject, named: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        await graph_source(world, config=config)

    assert caught.value.attribute == named
    assert SECRET not in str(caught.value)


async def test_unknown_kinds_credentials_and_rules_are_refused(world: World) -> None:
    by, now = world.system, world.tick()
    with pytest.raises(InvalidError, match="kind"):
        await sources.create_pull_source("ldap", "L", {}, {}, by=by, now=now)
    with pytest.raises(InvalidError, match="credential") as caught:
        await graph_source(world, secrets={"token": SECRET})
    assert SECRET not in str(caught.value)
    with pytest.raises(InvalidError, match="userName has no rule"):
        await graph_source(world, rules=[{"rule": "constant", "target": "title", "value": "x"}])
    with pytest.raises(InvalidError, match="client_secret"):
        await graph_source(world, secrets={"client_secret": "x" * 20_001})
    with pytest.raises(InvalidError, match="label"):
        await graph_source(world, "  ")
    assert await sources.list_pull_sources(world.tenant.tenant_id) == []


async def test_credentials_are_sealed_and_nowhere_else(world: World) -> None:
    source = await graph_source(world)
    await sources.edit_config(source.source_id, {**GRAPH, "guests": True}, by=world.system, now=world.tick())
    await sources.set_secrets(source.source_id, {"client_secret": "other-" + SECRET}, by=world.system, now=world.tick())

    kept = await sources.get_pull_source(source.tenant_id, source.source_id)
    assert await sources.open_secrets(kept) == {"client_secret": "other-" + SECRET}
    written = [dict(row) for which in (EVERYTHING, EVENTS, VALUES, STEPS) for row in await fetch(which)]
    assert SECRET not in repr(written)
    assert SECRET not in repr(kept)


async def test_sealed_credentials_open_for_their_own_source_alone(world: World) -> None:
    first, second = await graph_source(world, "First"), await graph_source(world, "Second")
    row = await fetch_one(SEALED, first.source_id)
    assert row is not None
    await execute(MOVE, second.source_id, row["sealed"])

    with pytest.raises(NoKeysError) as caught:
        await sources.open_secrets(second)
    assert isinstance(caught.value.__cause__, KeyRingError)


async def test_credentials_go_nowhere_else_also_if_the_address_was_changed_behind_our_back(world: World) -> None:
    source = await okta_source(world)
    await execute(READDRESS, source.source_id, '{"org_url": "https://evil.example.com", "auth": "token"}')

    moved = await sources.get_pull_source(source.tenant_id, source.source_id)
    assert moved.secret_names == ()
    assert await sources.open_secrets(moved) == {}


async def test_credentials_are_forgotten_when_they_would_go_elsewhere(world: World) -> None:
    source = await okta_source(world)
    await execute(CURSOR, source.tenant_id, source.source_id)
    same = await sources.edit_config(source.source_id, {**OKTA, "parallel": "2"}, by=world.system, now=world.tick())
    assert (same.secret_names, same.config["parallel"]) == (("token",), 2)
    assert len(await fetch(CURSORS)) == 1

    elsewhere = {**OKTA, "org_url": "https://other.okta.com"}
    moved = await sources.edit_config(source.source_id, elsewhere, by=world.system, now=world.tick())

    assert (moved.secret_names, moved.secrets_at, moved.next_at) == ((), None, None)
    assert await sources.open_secrets(moved) == {}
    assert await fetch(CURSORS) == []
    assert await actions() == ["source:created", "source:configured", "source:configured",
                                    "source:credentials:forgotten"]  # fmt: skip


async def open_runs(source: PullSource) -> list[tuple[str, bool]]:
    found = await runs.list_runs(source.tenant_id, source.source_id, limit=9)
    return [(run.state, run.cancel_asked) for run in found]


@pytest.mark.parametrize("deed", ["lead elsewhere", "only compare"])
async def test_a_pull_of_the_other_place_or_mode_does_not_go_on(world: World, deed: str) -> None:
    source, by = await okta_source(world), world.system
    await runs.ask_run(source.source_id, "full", cause="operator", by=by, now=world.tick())
    begun = await runs.ask_run(source.source_id, "delta", cause="operator", by=by, now=world.tick())
    await run_life.begin(source.tenant_id, begun.run_id, now=world.tick())
    await sources.edit_config(source.source_id, {**OKTA, "parallel": 2}, by=by, now=world.tick())
    assert await open_runs(source) == [("fetching", False), ("asked", False)]

    if deed == "lead elsewhere":
        elsewhere = {**OKTA, "org_url": "https://other.okta.com"}
        await sources.edit_config(source.source_id, elsewhere, by=by, now=world.tick())
    else:
        await sources.set_mode(source.source_id, "audit", world.source.source_id, by=by, now=world.tick())

    assert await open_runs(source) == [("fetching", True), ("cancelled", True)]


async def test_a_pull_that_ends_makes_no_source_due_whose_credentials_were_forgotten(world: World) -> None:
    source = await okta_source(world)
    elsewhere = {**OKTA, "org_url": "https://other.okta.com"}
    await sources.edit_config(source.source_id, elsewhere, by=world.system, now=world.tick())

    await sources.note_failure(source, "transient", "The line broke", "", None, world.tick())
    await sources.note_ok(source, "okta", "Okta", None, whole=True, now=world.tick())

    assert (await sources.get_pull_source(source.tenant_id, source.source_id)).next_at is None


async def test_credentials_are_not_kept_for_another_place_than_the_form_was_about(world: World) -> None:
    source, by = await okta_source(world), world.system
    kind = current_connectors().get_kind("okta")
    shown = place_mark(kind, source.config)
    elsewhere = {**OKTA, "org_url": "https://evil.example.com"}
    moved = await sources.edit_config(source.source_id, elsewhere, by=by, now=world.tick())

    with pytest.raises(InvalidError, match="another place"):
        await sources.set_secrets(source.source_id, {"token": SECRET}, meant_for=shown, by=by, now=world.tick())
    assert await sources.open_secrets(moved) == {}
    there = place_mark(kind, moved.config)
    kept = await sources.set_secrets(source.source_id, {"token": SECRET}, meant_for=there, by=by, now=world.tick())
    assert await sources.open_secrets(kept) == {"token": SECRET}


@pytest.mark.parametrize("text", ["sesame\0street", "sesame\ud800"])
async def test_what_no_credential_has_is_refused_without_saying_it(world: World, text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        await graph_source(world, secrets={"client_secret": text})
    assert "sesame" not in str(caught.value)


async def test_a_move_may_bring_its_credentials_along(world: World) -> None:
    source = await okta_source(world)
    elsewhere = {**OKTA, "org_url": "https://other.okta.com"}

    moved = await sources.edit_config(
        source.source_id, elsewhere, secrets={"token": "00other"}, by=world.system, now=world.tick()
    )

    assert await sources.open_secrets(moved) == {"token": "00other"}
    assert moved.next_at is not None


async def test_credentials_that_are_not_named_stay(world: World) -> None:
    source = await graph_source(world)
    with_certificate = {"certificate": "PEM", "private_key": "PEM", "client_secret": ""}
    both = await sources.set_secrets(source.source_id, with_certificate, by=world.system, now=world.tick())
    assert both.secret_names == ("certificate", "client_secret", "private_key")

    one = await sources.set_secrets(source.source_id, {"client_secret": None}, by=world.system, now=world.tick())
    assert one.secret_names == ("certificate", "private_key")


async def test_credentials_whose_key_is_lost_are_simply_entered_anew(world: World) -> None:
    source = await graph_source(world)
    use_key_ring(KeyRing([bytes(range(32))]))
    with pytest.raises(NoKeysError):
        await sources.open_secrets(source)

    again = await sources.set_secrets(source.source_id, {"client_secret": "new"}, by=world.system, now=world.tick())
    assert await sources.open_secrets(again) == {"client_secret": "new"}
    use_key_ring(None)
    with pytest.raises(NoKeysError):
        await graph_source(world, "Without keys")


async def test_nothing_is_told_of_what_did_not_change(world: World) -> None:
    source = await graph_source(world, rules=RULES)
    before = await actions()
    by = world.system
    await sources.edit_config(source.source_id, GRAPH, by=by, now=world.tick())
    await sources.edit_rules(source.source_id, RULES, by=by, now=world.tick())
    await sources.edit_schedule(source.source_id, interval_min=30, full_every_h=24, by=by, now=world.tick())
    await sources.set_mode(source.source_id, "provision", by=by, now=world.tick())
    await sources.resume(source.source_id, by=by, now=world.tick())
    await sources.set_secrets(source.source_id, {"client_secret": ""}, by=by, now=world.tick())

    assert await actions() == before


async def test_other_rules_are_pulled_by_at_once(world: World) -> None:
    source = await graph_source(world)
    assert source.rules is None
    edited = await sources.edit_rules(source.source_id, RULES, by=world.system, now=world.tick())

    assert edited.rules == tuple(RULES)
    assert edited.next_at == world.now
    back = await sources.edit_rules(source.source_id, None, by=world.system, now=world.tick())
    assert back.rules is None


@pytest.mark.parametrize(("interval_min", "full_every_h"), [(19, 24), (41, 24), (30, 0), (30, 169)])
async def test_a_rhythm_has_limits(world: World, interval_min: int, full_every_h: int) -> None:
    source = await graph_source(world)
    with pytest.raises(InvalidError):
        await sources.edit_schedule(
            source.source_id, interval_min=interval_min, full_every_h=full_every_h, by=world.system, now=world.tick()
        )


async def test_a_paused_source_is_never_due(world: World) -> None:
    source = await graph_source(world)
    paused = await sources.pause(source.source_id, by=world.system, now=world.tick())
    assert paused.paused
    assert await sources.list_due(world.now + timedelta(days=9), 10) == []

    await sources.resume(source.source_id, by=world.system, now=world.tick())
    assert await sources.list_due(world.now, 10) == [(source.tenant_id, source.source_id)]
    assert (await actions())[1:] == ["source:paused", "source:resumed"]


async def test_audit_needs_a_connection_that_pushes(world: World) -> None:
    source = await graph_source(world)
    with pytest.raises(InvalidError):
        await sources.set_mode(source.source_id, "audit", by=world.system, now=world.tick())
    with pytest.raises(InvalidError):
        await sources.set_mode(source.source_id, "audit", source.source_id, by=world.system, now=world.tick())
    other = await create_world("elsewhere")
    with pytest.raises(NotFoundError):
        await graph_source(world, "Audit", mode="audit", audits_source_id=other.source.source_id)
    pushed = world.source.source_id
    with pytest.raises(InvalidError, match="match_target"):
        await sources.set_mode(source.source_id, "audit", pushed, "password", by=world.system, now=world.tick())

    audits = await sources.set_mode(source.source_id, "audit", pushed, "title", by=world.system, now=world.tick())
    assert (audits.mode, audits.audits_source_id, audits.match_target) == ("audit", pushed, "title")
    again = await sources.set_mode(source.source_id, "provision", by=world.system, now=world.tick())
    assert (again.mode, again.audits_source_id, again.match_target) == ("provision", None, None)


async def test_whoever_may_not_manage_connections_changes_none(world: World) -> None:
    source = await graph_source(world)
    by = Actor(tenant_id=world.tenant.tenant_id, kind="operator", label="V", permissions=frozenset({"portal:view"}))
    with pytest.raises(ForbiddenError):
        await sources.pause(source.source_id, by=by, now=world.tick())
    with pytest.raises(ForbiddenError):
        await sources.create_pull_source("graph", "Mine", GRAPH, {}, by=by, now=world.tick())


async def test_another_tenants_source_is_not_there(world: World) -> None:
    source = await graph_source(world)
    other = await create_world("elsewhere")
    with pytest.raises(NotFoundError):
        await sources.pause(source.source_id, by=other.system, now=world.tick())
    with pytest.raises(NotFoundError):
        await sources.get_pull_source(other.tenant.tenant_id, source.source_id)
    with pytest.raises(NotFoundError):
        await sources.get_pull_source(world.tenant.tenant_id, world.source.source_id)
    assert await sources.list_pull_sources(other.tenant.tenant_id) == []
    found = await sources.find_pull_source(source.source_id)
    assert found is not None
    assert found.tenant_id == world.tenant.tenant_id


async def test_the_chain_holds_all_of_it(world: World) -> None:
    await graph_source(world, rules=RULES)
    await events.seal_events(now=world.now, limit=1000)
    report = await events.verify_chain(world.tenant.tenant_id)
    assert report.broken_at is None
