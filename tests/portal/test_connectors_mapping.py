"""Attribute mapping of a connector: rows added, moved and removed, tried on people, saved as they were previewed."""

import msgspec
import pytest

from directory.model import JsonObject
from directory.pulls import runs, sources
from directory.pulls.model import PullSource
from directory.store.compiled import Statement
from directory.store.unit import execute
from portal.rule_rows import ROWS_MAX, row_from
from tests.directory.world import World
from tests.portal.browsing import Browser, FormOnPage, Page
from tests.portal.pulling import REAL, pulled_source

pytestmark = pytest.mark.anyio

DEFAULT_RULES = REAL.get_kind("graph").default_rules
TARGETS = [row_from(rule).target for rule in DEFAULT_RULES]

GIVEN = Statement(
    "INSERT INTO seen_row (tenant_id, source_id, kind, ext_id, op, given, hash, run_id, pending)"
    " VALUES ($1::uuid, $2::uuid, 'user', $3::text, 'upsert', $4::text, 'h', $2::uuid, false)"
)
PEOPLE = (
    {"userPrincipalName": "ann@contoso.example", "mail": "ann@mail.example", "accountEnabled": True, "surname": "<b>A"},
    {"userPrincipalName": "ben@contoso.example", "mail": None, "accountEnabled": False, "surname": "Brandt"},
)


async def with_people(world: World) -> PullSource:
    """Make a connection of which two people are kept as the directory gave them."""
    source = await pulled_source(world)
    for person in PEOPLE:
        text = msgspec.json.encode(person).decode()
        await execute(GIVEN, world.tenant.tenant_id, source.source_id, person["userPrincipalName"], text)
    return source


async def editor(browser: Browser, source: PullSource) -> Page:
    return await browser.open(f"connectors/{source.source_id}/mapping")


async def press(browser: Browser, page: Page, deed: str, **fields: str) -> Page:
    """Press one of the buttons that save nothing."""
    form = page.form("/mapping")
    return await browser.send(FormOnPage(f"{form.action}/try", "post", form.fields), deed=deed, **fields)


def targets_of(page: Page) -> list[str]:
    fields = page.form("/mapping").fields
    return [fields[f"target_{place}"] for place in range(ROWS_MAX) if f"target_{place}" in fields]


async def test_the_rules_of_the_provider_are_shown_with_what_people_have(admin: Browser, world: World) -> None:
    page = await editor(admin, await with_people(world))

    assert targets_of(page) == TARGETS
    assert page.form("/mapping").fields["given_6"] == "mail, otherMails.0"
    assert '<option value="surname">' in page.response.text
    assert "the usual rules for this kind of directory" in page.text


async def test_rows_are_added_moved_and_removed_without_saving(admin: Browser, world: World) -> None:
    source = await with_people(world)
    page = await editor(admin, source)
    added = await press(admin, page, "add")
    typed = await press(admin, added, "up:1", target_11="nickName", given_11="givenName")
    moved = await press(admin, typed, "down:10")
    removed = await press(admin, moved, "remove:2")
    same = await press(admin, removed, "down:99")
    reset = await press(admin, removed, "reset")

    assert targets_of(added)[-1] == ""
    assert targets_of(moved) == ["active", "userName", *TARGETS[2:10], "nickName", TARGETS[10]]
    assert targets_of(removed) == targets_of(same) == ["active", "userName", *TARGETS[3:10], "nickName", TARGETS[10]]
    assert targets_of(reset) == TARGETS
    assert (await sources.get_pull_source(world.tenant.tenant_id, source.source_id)).rules is None


async def test_no_more_rows_than_a_form_can_hold(admin: Browser, world: World) -> None:
    page = await editor(admin, await pulled_source(world))
    fields = {f"{name}_{place}": value for place in range(ROWS_MAX) for name, value in ROW.items()}
    full = await press(admin, page, "add", **fields)

    assert len(targets_of(full)) == ROWS_MAX


ROW = {"target": "title", "kind": "direct", "given": "surname"}


async def test_a_preview_shows_old_and_new_for_each_person_and_saves_nothing(admin: Browser, world: World) -> None:
    source = await with_people(world)
    page = await editor(admin, source)
    shown = await press(admin, page, "preview", given_0="mail", given_2="surname")

    assert "Tried on 2 people" in shown.text
    assert "ann@contoso.example" in shown.text
    assert "ann@mail.example" in shown.text
    assert "&lt;b&gt;A" in shown.response.text
    assert (await sources.get_pull_source(world.tenant.tenant_id, source.source_id)).rules is None


async def test_what_cannot_be_taken_over_is_named_with_the_reason(admin: Browser, world: World) -> None:
    page = await editor(admin, await with_people(world))
    shown = await press(admin, page, "preview", kind_3="expression", given_3="surname + 1")

    assert "2 cannot be taken over" in shown.text
    assert "the expression for name.givenName gives nothing" in shown.text


async def test_saving_needs_the_preview_of_the_same_rules_and_asks_for_everybody(admin: Browser, world: World) -> None:
    source = await with_people(world)
    page = await editor(admin, source)
    asked = await admin.send(page.form("/mapping"), kind_3="constant", given_3="Contractor")
    other = await admin.send(asked.form("/mapping"), given_3="Guest")
    saved = await admin.send(other.form("/mapping"))

    found = await sources.get_pull_source(world.tenant.tenant_id, source.source_id)
    (run,) = await runs.list_runs(world.tenant.tenant_id, source.source_id, limit=5)
    assert (asked.status, other.status, saved.status) == (409, 409, 200)
    assert "Not saved yet" in asked.text
    assert found.rules is not None
    assert found.rules[3] == {"rule": "constant", "target": "name.givenName", "value": "Guest"}
    assert (run.kind, run.cause) == ("full", "mapping changed")
    assert "Everybody is pulled anew" in saved.text


async def test_a_paused_connector_keeps_the_rules_for_later(admin: Browser, world: World) -> None:
    source = await with_people(world)
    await sources.pause(source.source_id, by=world.system, now=world.tick())
    page = await editor(admin, source)
    asked = await admin.send(page.form("/mapping"), kind_3="constant", given_3="Contractor")
    saved = await admin.send(asked.form("/mapping"))

    assert "The next pull takes everybody anew" in saved.text
    assert await runs.list_runs(world.tenant.tenant_id, source.source_id, limit=5) == []


async def test_the_provider_s_rules_are_kept_as_such(admin: Browser, world: World) -> None:
    source = await with_people(world)
    changed: list[JsonObject] = [*DEFAULT_RULES[:3], {"rule": "constant", "target": "title", "value": 7}]
    await sources.edit_rules(source.source_id, changed, by=world.system, now=world.tick())
    page = await editor(admin, source)
    assert page.form("/mapping").fields["given_3"] == "7"
    assert "s own" in page.text
    reset = await press(admin, page, "reset")
    asked = await admin.send(reset.form("/mapping"))
    await admin.send(asked.form("/mapping"))

    assert (await sources.get_pull_source(world.tenant.tenant_id, source.source_id)).rules is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"target_0": ""}, "half empty: userPrincipalName"),
        ({"given_1": ""}, "half empty: active"),
        ({"target_0": "nickName"}, "userName has no rule"),
        ({"kind_3": "literal", "given_3": "maybe"}, "neither yes nor no nor a whole number"),
        ({"kind_3": "nonsense"}, "Choose one of the options"),
        ({"given_3": "x" * 2001}, "at most 2000 characters"),
    ],
)
async def test_rules_that_cannot_work_are_refused_in_words(
    admin: Browser, world: World, fields: dict[str, str], words: str
) -> None:
    source = await with_people(world)
    page = await editor(admin, source)
    for answer in (await press(admin, page, "preview", **fields), await admin.send(page.form("/mapping"), **fields)):
        assert answer.status == 422
        assert words in answer.text
        assert targets_of(answer)


async def test_before_the_first_pull_there_is_nobody_to_try_it_on(admin: Browser, world: World) -> None:
    page = await editor(admin, await pulled_source(world))
    shown = await press(admin, page, "preview")

    assert "Nobody to try it on yet" in shown.text
