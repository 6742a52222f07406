"""Attributes under names of a tenant's own: added with a preview, shown on pages, filtered by, exported."""

from datetime import UTC, datetime

import pytest

from directory import fields
from directory.model import JsonValue
from directory.person import ENTERPRISE
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio

BADGE = "urn:example:2.0:User"


async def people(world: World) -> None:
    for name, centre in (("ann", "CC-1"), ("ben", "CC-12"), ("cid", "CD-3")):
        more: dict[str, JsonValue] = {BADGE: {"badge": f"B-{name}"}, ENTERPRISE: {"costCenter": centre}}
        await world.push_user(name, displayName=name.title(), **more)


async def test_a_field_is_previewed_named_and_filled(world: World, admin: Browser) -> None:
    await people(world)
    start = await admin.open("attribute-fields/new")
    assert f"{BADGE}:badge" in start.text

    preview = await admin.open(next(link for link in start.links if "badge" in link))
    assert "Seen in 3 of the newest" in preview.text
    assert "Ann B-ann" in preview.text
    added = await admin.send(preview.form("/new"), label="Badge", listed="yes")
    assert "Reading" in added.text
    while await fields.advance_fields(now=datetime.now(UTC)):
        pass

    assert "3 of 4" in (await admin.open("attribute-fields")).text
    listed = await admin.open("sub-accounts")
    assert "B-cid" in listed.text
    found = await admin.open("sub-accounts?f.badge=b-ann")
    assert "Ann" in found.text
    assert "Cid" not in found.text


async def test_lists_are_narrowed_by_values_and_beginnings(world: World, admin: Browser) -> None:
    await people(world)
    exact = await admin.open("sub-accounts?f.cost-centre=cc-1")
    assert "1 person" in exact.text
    begins = await admin.open("sub-accounts?f.cost-centre=CC-1*")
    assert "2 people" in begins.text
    assert "Cost centre: “CC-1*”" in begins.text
    anybody = await admin.open("sub-accounts?f.cost-centre=*")
    assert "3 people" in anybody.text
    unread = await admin.open("sub-accounts?f.nothing=x")
    assert "Not understood and left out: f.nothing" in unread.text


async def test_a_persons_page_has_the_fields_with_a_value(world: World, admin: Browser) -> None:
    more: dict[str, JsonValue] = {ENTERPRISE: {"costCenter": "CC-9", "division": "North"}}
    ann = await world.push_user("ann", **more)
    page = await admin.open(f"sub-accounts/{ann.user_id}")
    assert "Cost centre CC-9 Division North" in page.text
    assert "Organization" not in page.text


async def test_the_csv_has_all_fields(world: World, admin: Browser) -> None:
    await people(world)
    text = (await admin.open("sub-accounts/export.csv?bom=no&f.cost-centre=CD*")).response.text
    head, line, *rest = text.splitlines()
    assert head.endswith('"Department","Cost centre","Employee number","Division","Organization"')
    assert line.endswith('"","CD-3","","",""')
    assert rest == []


async def test_an_action_on_many_takes_the_filter_along(world: World, admin: Browser) -> None:
    await people(world)
    asked = await admin.open("sub-accounts/bulk/new?deed=redecide&all=yes&f.cost-centre=CC-1*")
    assert "Cost centre: “CC-1*”" in asked.text
    drafted = await admin.send(asked.form("/bulk"))
    assert "2 looked at" in drafted.text


async def test_a_path_that_cannot_be_is_told(admin: Browser) -> None:
    wrong = await admin.open("attribute-fields/new?path=emails[0]")
    assert wrong.status == 422
    assert "must be an attribute such as title" in wrong.text


async def test_a_label_that_is_there_is_told(world: World, admin: Browser) -> None:
    await people(world)
    preview = await admin.open("attribute-fields/new?path=title")
    assert "None of the newest" in preview.text
    wrong = await admin.send(preview.form("/new"), label="division")
    assert wrong.status == 422
    assert "is the name of another field" in wrong.text


async def test_a_field_is_edited_and_removed(world: World, admin: Browser) -> None:
    await people(world)
    edited = await admin.send(
        (await admin.open("attribute-fields/cost-centre/edit")).form("/edit"), label="Centre", listed="yes"
    )
    assert "Centre" in edited.text
    assert "CC-12" in (await admin.open("sub-accounts")).text
    removed = await admin.send((await admin.open("attribute-fields/cost-centre/remove")).form("/remove"))
    assert "Centre" not in removed.text.replace("Cost centre", "")
    assert (await admin.open("attribute-fields/cost-centre/edit")).status == 404


async def test_who_does_not_manage_settings_is_refused_but_filters(world: World, sign_in: SignIn) -> None:
    await people(world)
    viewer = await sign_in("viewer")
    assert (await viewer.open("attribute-fields")).status == 403
    assert "1 person" in (await viewer.open("sub-accounts?f.cost-centre=CD-3")).text
