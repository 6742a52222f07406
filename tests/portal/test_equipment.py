"""Equipment in the portal: items written down, found, lent, given back, asked back, brought in from a file."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from directory import equipment, equipment_imports, loans, return_tasks
from directory.equipment import ItemFilter
from directory.equipment_model import Item, Terms
from portal.pages import equipment_loans
from tests.directory.lending import disable, lend, make_item
from tests.directory.world import World
from tests.portal.browsing import SAME_ORIGIN, Browser, Page
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def only_item(world: World) -> Item:
    (line,) = [line async for line in equipment.each_item(world.tenant.tenant_id, ItemFilter())]
    return line.item


async def uploaded(admin: Browser, content: bytes, name: str = "items.csv") -> Page:
    form = (await admin.open("equipment/import")).form("/import")
    answer = await admin.client.post(
        form.action,
        data={"csrf_token": form.fields["csrf_token"], "pasted": ""},
        files={"file": (name, content, "text/csv")},
        headers=SAME_ORIGIN,
        follow_redirects=True,
    )
    return Page(answer)


async def test_nothing_yet_says_how_to_begin(admin: Browser, sign_in: SignIn) -> None:
    assert "No equipment yet" in (await admin.open("equipment")).text
    assert "Whoever manages users" in (await (await sign_in("viewer")).open("equipment")).text


async def test_an_item_is_written_down_lent_and_given_back(admin: Browser, world: World) -> None:
    await world.push_user("ann", displayName="Ann")
    form = (await admin.open("equipment/new")).form("/new")
    saved = await admin.send(form, tag="LAP-1", name="Laptop", value="1299.00", currency="eur", category="Computers")
    assert "Item saved. It is in stock." in saved.text

    out = (await admin.open(saved.link("check-out?tag=LAP-1"))).form("/check-out")
    lent = await admin.send(out, holder="ann@example.org", condition="new")
    assert "Checked out." in lent.text
    assert "With Ann since" in lent.text

    back = await admin.send(
        (await admin.open(lent.link(f"item_id={(await only_item(world)).item_id}"))).form("/check-in")
    )
    assert "Checked in." in back.text
    assert "Nobody has it" in back.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"tag": "", "name": "x"}, "Enter a value"),
        ({"tag": "a/b", "name": "x"}, "slashes"),
        ({"tag": "a", "name": "x", "value": "12,5", "currency": "EUR"}, "not a sum such as 1299.00"),
        ({"tag": "a", "name": "x", "value": "12"}, "three letters"),
        ({"tag": "TAKEN", "name": "x"}, "already has the tag"),
    ],
)
async def test_what_cannot_be_saved_is_said_beside_the_form(
    admin: Browser, world: World, fields: dict[str, str], said: str
) -> None:
    await make_item(world, "taken")

    answer = await admin.send((await admin.open("equipment/new")).form("/new"), **fields)

    assert answer.status == 422
    assert said in answer.text


async def test_an_item_is_edited_and_a_stale_form_is_refused(admin: Browser, world: World) -> None:
    item = await make_item(world, "LAP-1")
    form = (await admin.open(f"equipment/{item.item_id}/edit")).form("/edit")

    saved = await admin.send(form, name="MacBook", state="retired")
    stale = await admin.send(form, name="Other")

    assert "Item saved" in saved.text
    assert "Retired" in saved.text
    assert (stale.status, "Somebody changed this item" in stale.text) == (422, True)


async def test_who_is_not_clearly_meant_is_chosen(admin: Browser, world: World) -> None:
    item = await make_item(world, "LAP-1")
    for name in ("ann", "anna"):
        await world.push_user(name, displayName=f"{name.title()} Smith")
    form = (await admin.open("equipment/check-out?tag=LAP-1")).form("/check-out")

    offered = await admin.send(form, holder="smith")
    nobody = await admin.send(form, holder="zzz")
    unknown = await admin.send(form, tag="LAP-9", holder="ext-ann")

    assert "Anna Smith" in offered.text
    assert "Nobody is called like this" in nobody.text
    assert "There is no item of this tag" in unknown.text
    (anna,) = await loans.find_holders(world.tenant.tenant_id, "ext-anna")
    done = await admin.send(form, holder="smith", user_id=str(anna.user_id), due="2099-01-31")
    assert "With Anna Smith since" in done.text
    assert (await loans.counts_of(world.tenant.tenant_id, [anna.user_id])) == {anna.user_id: 1}
    again = await admin.send(form, holder="ext-ann")
    assert "with somebody else" in again.text
    assert item.details.tag == "LAP-1"


async def test_an_item_goes_to_nobody_but_the_one_who_was_typed(admin: Browser, world: World) -> None:
    item = await make_item(world, "LAP-1")
    for name in ("ann", "bob"):
        await world.push_user(name, displayName=name.title())
    form = (await admin.open("equipment/check-out?tag=LAP-1&holder=ann@example.org")).form("/check-out")
    assert form.fields["user_id"]

    asked = await admin.send(form, holder="bob@example.org")
    assert (asked.status, "Choose who is meant" in asked.text) == (422, True)
    assert await loans.find_loan(world.tenant.tenant_id, item.item_id) is None

    done = await admin.send(asked.form("/check-out"))
    assert "With Bob since" in done.text


async def test_more_than_can_be_taken_back_at_once_is_refused_and_nothing_left_out(
    admin: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equipment_loans, "CHECKED_IN_MAX", 2)
    ann = await world.push_user("ann")
    items = [await make_item(world, tag) for tag in "ABC"]
    for item in items:
        await lend(world, item, ann)
    form = (await admin.open("equipment/check-in")).form("/check-in")

    scanned = await admin.send(form, tags="A\nB\nC\n")
    picked = await admin.open("equipment/check-in?" + "&".join(f"item_id={item.item_id}" for item in items))
    mixed = (await admin.open(f"equipment/check-in?item_id={items[0].item_id}")).form("/check-in")
    both = await admin.send(mixed, tags="B\nC")

    for answer in (scanned, picked, both):
        assert (answer.status, "take them back in several steps" in answer.text) == (422, True)
    assert await equipment.count_states(world.tenant.tenant_id) == {"out": 3}
    assert "Checked in what was out" in (await admin.send(form, tags="A\nA\nB")).text


async def test_several_are_taken_back_by_pick_or_by_scan(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann")
    items = [await make_item(world, tag) for tag in "ABC"]
    for item in items[:2]:
        await lend(world, item, ann)

    picked = await admin.open("equipment/check-in?" + "&".join(f"item_id={item.item_id}" for item in items))
    assert "2 of 3 are out" in picked.text
    missing = await admin.send((await admin.open("equipment/check-in")).form("/check-in"), tags="A\nZ")
    assert (missing.status, "no item of the tag Z" in missing.text) == (422, True)
    empty = await admin.send((await admin.open("equipment/check-in")).form("/check-in"))
    assert "at least one tag" in empty.text
    done = await admin.send((await admin.open("equipment/check-in")).form("/check-in"), tags="a\r\nB\r\n", state="lost")

    assert "Checked in what was out" in done.text
    assert await equipment.count_states(world.tenant.tenant_id) == {"lost": 2, "stock": 1}
    assert (await admin.open("equipment/check-in?item_id=x")).status == 404


@pytest.mark.parametrize(
    ("query", "shown"),
    [("q=lap", True), ("q=zzz", False), ("state=out", True), ("state=lost", False), ("holder=active", True),
     ("holder=disabled", False), ("due=overdue", True), ("due=soon", False), ("category=computers", True)],
)  # fmt: skip
async def test_filters_narrow_the_list(admin: Browser, world: World, query: str, *, shown: bool) -> None:
    item = await make_item(world, "LAP-1", category="Computers")
    user = await world.push_user("ann", displayName="Ann")
    await lend(world, item, user, Terms(due_at=datetime.now(UTC) - timedelta(days=1)))

    text = (await admin.open(f"equipment?{query}")).text

    assert ("LAP-1 Laptop" in text) == shown
    assert ("No item matches" in text) != shown


async def test_a_filter_that_cannot_be_read_is_named(admin: Browser) -> None:
    assert "left out: state, due" in (await admin.open("equipment?state=x&due=y")).text


async def test_what_goes_out_as_a_file_comes_in_again_as_the_same(admin: Browser, world: World) -> None:
    user = await world.push_user("ann", displayName="=Ann")
    item = await make_item(world, "+1", "=HYPERLINK(1)", serial="@x", note="-1 'x")
    await lend(world, item, user, Terms(due_at=datetime(2099, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)))
    await make_item(world, "B")

    answer = await admin.client.get(admin.at("equipment/export.csv"))
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    shown = await uploaded(admin, answer.content)

    assert [row["Tag"] for row in rows] == ["'+1", "B"]
    assert (rows[0]["Name"], rows[0]["Value"], rows[0]["Holder"], rows[0]["Due"]) == (
        "'=HYPERLINK(1)", "1299.00", "ann@example.org", "2099-01-31",
    )  # fmt: skip
    assert "2 same as before" in shown.text
    assert "Nothing would change" in shown.text
    assert "mean nothing here" not in shown.text


async def test_a_file_is_shown_and_what_was_shown_is_applied(admin: Browser, world: World) -> None:
    shown = await uploaded(admin, b"Tag;Name;Colour;Holder\nA;Laptop;red;\nB;Phone;;nobody\n")
    assert "Colour" in shown.text
    assert "1 new" in shown.text
    assert "holder names nobody here: nobody" in shown.text
    assert "holder names" in (await admin.open(f"{shown.path}?kind=wrong")).text

    moved = await admin.send(shown.form("/apply"), hash="0" * 64)
    done = await admin.send(shown.form("/apply"))
    again = await admin.send(shown.form("/apply"))

    assert (moved.status, "not what was shown" in moved.text) == (409, True)
    assert "1 applied" in done.text
    assert "1 applied" in again.text
    assert (await only_item(world)).details.tag == "A"


async def test_pasted_text_is_read_like_a_file_and_can_be_dropped(admin: Browser, world: World) -> None:
    form = (await admin.open("equipment/import")).form("/import")

    shown = await admin.send(form, pasted="tag,name\nA,x\n")
    dropped = await admin.send(shown.form("/drop"))

    assert "Dropped. Nothing was changed" in dropped.text
    assert await equipment_imports.list_imports(world.tenant.tenant_id, limit=5) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "Choose a file"), (b"\xff\xfe", "UTF-8"), (b"colour\nred", "no column"), (b"tag,name\n", "no line below")],
)
async def test_a_file_that_cannot_be_read_is_refused_in_words(admin: Browser, content: bytes, said: str) -> None:
    answer = await uploaded(admin, content)

    assert (answer.status, said in answer.text) == (422, True)


async def test_a_file_that_is_too_large_is_refused(admin: Browser) -> None:
    large = await uploaded(admin, b"x" * (5 * 1024 * 1024 + 1))
    larger = await uploaded(admin, b"x" * (7 * 1024 * 1024))

    assert (large.status, "5 MiB" in large.text) == (422, True)
    assert (larger.status, "5 MiB" in larger.text) == (413, True)


async def test_a_broken_upload_is_no_form(admin: Browser) -> None:
    for media_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        answer = await admin.client.post(
            admin.at("equipment/import"), content=b"--x\r\nbroken", headers={**SAME_ORIGIN, "Content-Type": media_type}
        )
        assert answer.status_code in {400, 403}
    elsewhere = await admin.client.post(admin.at("equipment/new"), files={"file": ("a", b"b")}, headers=SAME_ORIGIN)
    assert elsewhere.status_code == 415


async def test_a_leaver_stands_on_the_returns_and_on_the_own_page(admin: Browser, world: World) -> None:
    ben = await world.push_user("ben", displayName="Ben")
    item = await make_item(world, "LAP-1")
    await lend(world, item, ben)
    assert "Nobody who left has equipment" in (await admin.open("equipment/returns")).text
    assert "LAP-1 Laptop" in (await admin.open(f"sub-accounts/{ben.user_id}")).text

    await disable(world, ben)
    await return_tasks.tell_managers(now=world.tick())

    listed = await admin.open("equipment/returns")
    assert "Ben ben@example.org" in listed.text
    assert "LAP-1 Laptop" in listed.text
    assert "1299.00 EUR" in listed.text
    refused = await admin.send(listed.form("/remind"))
    assert (refused.status, "nobody to go to" in refused.text) == (409, True)
    assert "To be returned" in (await admin.open(f"sub-accounts/{ben.user_id}")).text
    assert "has left with equipment" in (await admin.open("equipment")).text
    assert "left with equipment" in (await admin.open("overview")).text


async def test_who_may_only_look_sees_no_deeds(sign_in: SignIn, world: World) -> None:
    viewer, item = await sign_in("viewer"), await make_item(world, "LAP-1")

    page = await viewer.open("equipment")

    assert "LAP-1" in page.text
    assert [link for link in page.links if link.endswith(("/new", "/import", "/check-out"))] == []
    assert (await viewer.open(f"equipment/{item.item_id}")).status == 200
    assert (await viewer.open("equipment/import")).status == 403


async def test_text_from_outside_is_shown_and_never_run(admin: Browser, world: World) -> None:
    item = await make_item(world, "<b>1", "<script>alert(1)</script>", category='"><img src=x>')

    for path in ("equipment", f"equipment/{item.item_id}", f"equipment/{item.item_id}/edit"):
        answer = (await admin.open(path)).response.text
        assert "<script>alert" not in answer
        assert "<img src=x" not in answer
