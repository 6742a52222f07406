"""One user's page: the reason for the role, what is known and from where, and what happened."""

import pytest

from directory import locks, status
from directory.model import JsonValue
from directory.person import ENTERPRISE
from tests.directory.world import World, create_world
from tests.portal.browsing import SAME_ORIGIN, Browser, Page
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio


async def page_of(browser: Browser, world: World, name: str = "ann") -> str:
    """Push somebody in two mapped groups and return the path of their page."""
    user = await world.push_user(name, displayName="Ann Archer", title="Engineer", emails=[{"value": "a@b.example"}])
    for group, role in (("Writers", "editor"), ("Staff", "viewer")):
        await world.map_group(await world.push_group(group, [f"ext-{name}"]), role)
    return browser.at(f"sub-accounts/{user.user_id}")


def under(ref: str) -> dict[str, JsonValue]:
    """Return the attribute that names a manager."""
    return {ENTERPRISE: {"manager": {"value": ref}}}


def actions_of(page: Page) -> list[str]:
    return [form.action for form in page.forms if form.method == "post" and form.action != "/sign-out"]


async def test_the_deciding_mapping_is_named_among_those_that_fit(admin: Browser, world: World) -> None:
    page = await admin.open(await page_of(admin, world))

    assert "Groups: Writers (#1 → Editor), Staff (#2 → Viewer). Highest position wins:" in page.text
    assert "members of Writers are Editor. No lock." in page.text
    assert "Default In no mapped group → Loanee" in page.text


async def test_what_gave_the_role_is_told(admin: Browser, world: World) -> None:
    group = await world.push_group("Staff")
    await world.map_group(group, "editor")
    user = await world.push_user("ben")
    await world.edit_members(group, add=["ext-ben"])

    page = await admin.open(f"sub-accounts/{user.user_id}")

    assert "by Entra on" in page.text


async def test_the_default_is_named_when_no_group_is_mapped(admin: Browser, world: World) -> None:
    user = await world.push_user("ben")

    page = await admin.open(f"sub-accounts/{user.user_id}")

    assert "In no mapped group, so the Default Access Role decides" in page.text
    assert "No sign-in with this role" in page.text


async def test_a_lock_says_what_it_hides(admin: Browser, world: World) -> None:
    user = await world.push_user("ben")
    await locks.lock_role(
        user.user_id, world.roles["editor"].role_id, reason="On leave", until=None, by=world.system, now=world.tick()
    )

    page = await admin.open(f"sub-accounts/{user.user_id}")

    assert "Locked as Editor by command line" in page.text
    assert "“On leave”. Would otherwise be Loanee" in page.text


async def test_identity_links_attributes_groups_and_deeds_are_shown(admin: Browser, world: World) -> None:
    page = await admin.open(await page_of(admin, world))

    for words in (
        "ann@example.org",
        "a@b.example",
        "Entra as ext-ann Owner",
        "title Engineer",
        "Attributes owned by Entra",
        "User created",
        "Joined Staff",
    ):
        assert words in page.text, words
    assert any("/groups/" in link for link in page.links)


async def test_managers_and_reports_lead_to_people(admin: Browser, world: World) -> None:
    boss = await world.push_user("boss", displayName="Bo Boss")
    ann = await world.push_user("ann", **under("ext-boss"))

    assert f"sub-accounts/{boss.user_id}" in str((await admin.open(f"sub-accounts/{ann.user_id}")).links)
    page = await admin.open(f"sub-accounts/{boss.user_id}")
    assert "Direct reports (1)" in page.text
    assert f"sub-accounts/{ann.user_id}" in str(page.links)


async def test_a_manager_who_is_not_here_is_named_as_it_came(admin: Browser, world: World) -> None:
    ann = await world.push_user("ann", **under("ext-<b>later"))

    page = await admin.open(f"sub-accounts/{ann.user_id}")

    assert "Waiting ext-<b>later Named as manager since" in page.text


@pytest.mark.parametrize(
    ("kind", "shown", "hidden"),
    [
        ("roles", "Access role granted", "User created"),
        ("requests", "Nothing of this kind", "User created"),
        ("operators", "Nothing of this kind", "User created"),
        ("nonsense", "User created", "Nothing of this kind"),
    ],
)
async def test_the_timeline_is_filtered_by_kind(
    admin: Browser, world: World, kind: str, shown: str, hidden: str
) -> None:
    user = await world.push_user("ben")

    timeline = await admin.open(
        f"sub-accounts/{user.user_id}?kind={kind}", HX_Request="true", HX_Target="section#user-timeline"
    )

    assert timeline.response.text.lstrip().startswith('<section id="user-timeline"')
    assert shown in timeline.text
    assert hidden not in timeline.text


async def test_the_timeline_goes_on_behind_its_page(admin: Browser, world: World) -> None:
    user = await world.push_user("ben")
    for reason in range(25):
        await status.block_signin(user.user_id, reason=f"Reason {reason}", by=world.system, now=world.tick())
        await status.allow_signin(user.user_id, by=world.system, now=world.tick())

    page = await admin.open(f"sub-accounts/{user.user_id}")
    seen = page.text
    while older := [link for link in page.links if "before=" in link]:
        page = await admin.open(older[0].partition("#")[0])
        seen += page.text

    assert all(f"Reason {reason}" in seen for reason in range(25))
    assert "User created" in seen


async def test_a_viewer_sees_the_reason_but_nothing_to_do(sign_in: SignIn, world: World) -> None:
    viewer = await sign_in("viewer")

    page = await viewer.open(await page_of(viewer, world))

    assert "Why this role" in page.text
    assert actions_of(page) == []
    assert not any(link.endswith(("/lock", "/disable-sign-in", "/link")) for link in page.links)


async def test_a_higher_role_is_shown_but_not_touched_from_below(sign_in: SignIn, world: World) -> None:
    manager = await sign_in("user_manager")
    boss = await world.push_user("boss")
    await locks.lock_role(
        boss.user_id,
        world.roles["administrator"].role_id,
        reason="Owner",
        until=None,
        by=world.system,
        now=world.tick(),
    )

    page = await manager.open(f"sub-accounts/{boss.user_id}")

    assert "Administrator may do more than you: only somebody who may do as much can lock" in page.text
    assert not any(link.endswith(("/lock", "/unlock", "/disable-sign-in")) for link in page.links)


async def test_a_disabled_user_is_said_to_have_no_access(admin: Browser, world: World) -> None:
    user = await world.push_user("ben", active=False)

    page = await admin.open(f"sub-accounts/{user.user_id}")

    assert "Disabled: no access until the status returns" in page.text


async def test_a_local_user_is_said_to_be_in_no_feed(admin: Browser, world: World) -> None:
    user = await locks.create_local_user(
        "local", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick()
    )

    page = await admin.open(f"sub-accounts/{user.user_id}")

    assert "Local user, in no feed" in page.text
    assert "Locked as Viewer by command line" in page.text


@pytest.mark.parametrize("value", ["2026-02-31T10:00:00+00:00", "2026-02-28T10:00:00+00:00", "x" * 9000, "", 0, [1]])
async def test_any_attribute_can_be_shown(admin: Browser, world: World, value: object) -> None:
    user = await world.push_user("odd", nickName=value)  # type: ignore[arg-type]  # an object of JSON

    assert (await admin.open(f"sub-accounts/{user.user_id}")).status == 200


async def test_another_tenants_user_looks_like_one_that_does_not_exist(admin: Browser) -> None:
    theirs = await (await create_world("bristol")).push_user("ann")
    gone = str(theirs.user_id)[:-4] + "0000"

    for path in ("", "/lock", "/unlock", "/disable-sign-in", "/link"):
        pages = [await admin.open(f"sub-accounts/{user_id}{path}") for user_id in (theirs.user_id, gone)]
        assert [page.status for page in pages] == [404, 404], path
        assert pages[0].text == pages[1].text


async def test_resync_says_that_nothing_changed(admin: Browser, world: World) -> None:
    page = await admin.open(await page_of(admin, world))

    done = await admin.send(page.form("/resync"))

    assert "The role was decided anew: nothing changed" in done.text


async def test_the_export_is_a_file_and_is_told_in_the_timeline(admin: Browser, world: World) -> None:
    path = await page_of(admin, world)
    form = (await admin.open(path)).form("/export")

    answer = await admin.client.post(form.action, data=form.fields, headers=SAME_ORIGIN)

    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.json()["user"]["attributes"]["title"] == "Engineer"
    assert "Data of the person given out" in (await admin.open(path)).text


async def test_a_link_is_put_right_and_taken_away(admin: Browser, world: World) -> None:
    path = await page_of(admin, world)

    done = await admin.send((await admin.open(f"{path}/link")).form("/link"), external_id="ext-new")
    assert "Relinked." in done.text
    assert "Entra as ext-new" in done.text
    done = await admin.send((await admin.open(f"{path}/link")).form("/link"), way="unlink")
    assert "the connection has given no external id" in done.text


@pytest.mark.parametrize(("external_id", "words"), [("", "Enter a value"), ("ext-bob", "knows somebody else")])
async def test_a_link_that_cannot_be_says_why(admin: Browser, world: World, external_id: str, words: str) -> None:
    await world.push_user("bob")
    form = (await admin.open(f"{await page_of(admin, world)}/link")).form("/link")

    refused = await admin.send(form, external_id=external_id, way="relink")

    assert refused.status == 422
    assert words in refused.text


async def test_a_local_user_has_no_link_to_put_right(admin: Browser, world: World) -> None:
    user = await locks.create_local_user(
        "local", role_id=world.roles["viewer"].role_id, by=world.system, now=world.tick()
    )

    assert (await admin.open(f"sub-accounts/{user.user_id}/link")).status == 404
