"""Where push and pull differ: the page of a connector, its file, the user's page, and states of connections."""

import csv
import io

import pytest

from directory.pulls import drift_lists
from tests.directory.pulls.auditing import Auditor, create_auditor
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser
from tests.portal.pulling import pulled_source

pytestmark = pytest.mark.anyio


@pytest.fixture
async def auditor(world: World) -> Auditor:
    """Ann is the same, Ben has another title, Cid left the directory, Dan was not pushed."""
    auditor = await create_auditor(world)
    for name, title in (("ann", "Smith"), ("ben", "Smith"), ("cid", "Smith")):
        await world.push_user(name, displayName=name.title(), title=title)
        auditor.says(name, displayName=name.title(), title=title)
    auditor.says("ben", displayName="Ben", title="=HYPERLINK(1)")
    del auditor.people["ext-cid"]
    auditor.says("dan", displayName="Dan <b>")
    return auditor


def at(auditor: Auditor, *rest: str) -> str:
    return "/".join(("connectors", str(auditor.source.source_id), "drift", *rest))


async def test_differences_are_listed_with_both_values(admin: Browser, auditor: Auditor) -> None:
    await auditor.pull()

    found = await admin.open(at(auditor))

    assert found.status == 200
    for words in ("Cid Not in the directory", "Dan <b>", "Not pushed", "Ben Other value title Smith =HYPERLINK(1)"):
        assert words in found.text
    assert "Ann" not in found.text
    assert "Dan <b>" not in found.response.text
    (cid,) = [one for one in await auditor.drifts() if one.kind == "extra"]
    assert any(str(cid.user_id) in link for link in found.links)


async def test_one_kind_is_shown_and_one_that_is_none_is_named(admin: Browser, auditor: Auditor) -> None:
    await auditor.pull()

    missing = await admin.open(f"{at(auditor)}?kind=missing")
    strange = await admin.open(f"{at(auditor)}?kind=odd")

    assert "Dan" in missing.text
    assert "Cid" not in missing.text
    assert "Not understood, and left out: kind" in strange.text


async def test_no_difference_says_when_that_was_found(admin: Browser, world: World) -> None:
    auditor = await create_auditor(world)
    before = await admin.open(at(auditor))
    await world.push_user("ann")
    auditor.says("ann")
    await auditor.pull()

    after = await admin.open(at(auditor))

    assert "Not compared yet" in before.text
    assert "No difference found" in after.text
    (audited,) = await drift_lists.list_auditors(world.tenant.tenant_id)
    assert audited.confirmed_at is not None
    assert f"{audited.confirmed_at:%H:%M} UTC" in after.text


async def test_pages_follow_each_other(admin: Browser, world: World) -> None:
    auditor = await create_auditor(world)
    auditor.says("zed", displayName="zed")
    for number in range(100):
        auditor.says(f"m{number:03}")
    await auditor.pull()

    first = await admin.open(at(auditor))
    second = await admin.open(next(link for link in first.links if "?after=" in link))

    assert "m099" in first.text
    assert "zed" not in first.text
    assert "zed" in second.text


async def test_the_file_has_everything_and_no_formula(admin: Browser, auditor: Auditor) -> None:
    await auditor.pull()

    found = await admin.open(at(auditor, "export.csv"))
    lines = list(csv.DictReader(io.StringIO(found.response.text.removeprefix("\ufeff"))))

    assert {line["difference"] for line in lines} == {"Not in the directory", "Not pushed", "Other value"}
    (ben,) = [line for line in lines if line["attribute"] == "title"]
    assert (ben["pushed"], ben["in the directory"]) == ("Smith", "'=HYPERLINK(1)")


async def test_a_connector_that_provisions_says_that_nothing_is_compared(admin: Browser, world: World) -> None:
    source = await pulled_source(world)

    found = await admin.open(f"connectors/{source.source_id}/drift")

    assert "Nothing is compared" in found.text


async def test_the_drift_of_another_tenant_is_missing(admin: Browser) -> None:
    other = await create_world("other")
    auditor = await create_auditor(other)

    assert (await admin.open(at(auditor))).status == 404
    assert (await admin.open(at(auditor, "export.csv"))).status == 404


async def test_a_user_shows_what_differs(admin: Browser, auditor: Auditor) -> None:
    await auditor.pull()
    (ben,) = [one for one in await auditor.drifts() if one.kind == "attribute"]

    found = await admin.open(f"sub-accounts/{ben.user_id}")

    assert "Other value title Pushed: Smith. In the directory: =HYPERLINK(1)." in found.text
    assert "Entra by Graph" in found.text


async def test_a_connection_shows_that_it_was_compared(admin: Browser, world: World, auditor: Auditor) -> None:
    await auditor.pull()

    found = await admin.open(f"configure-scim/{world.source.source_id}")

    assert "2 people differ" in found.text
    assert any(link.endswith("/drift") for link in found.links)


async def test_the_report_is_the_same_list(admin: Browser, auditor: Auditor) -> None:
    await auditor.pull()

    found = await admin.open("reports/drift?kind=attribute")

    assert "Other value title Smith =HYPERLINK(1) Not known" in found.text
    assert "1 person not pushed" in found.text
    assert "Cid" not in found.text


async def test_a_broken_place_in_the_list_is_a_clear_refusal(admin: Browser, auditor: Auditor) -> None:
    assert (await admin.open(f"{at(auditor)}?after=x")).status == 422
