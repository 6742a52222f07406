import random
from contextlib import aclosing
from datetime import timedelta

import pytest

from connectors.errors import SourceError
from connectors.okta.places import OVERLAP
from connectors.records import Done, Page, Principal
from tests.connectors.okta.oktas import connect, truth
from tests.connectors.pulling import Mirror
from tests.fakes.faults import Fault
from tests.fakes.okta import FakeOkta, LinkStyle
from tests.fakes.okta_people import APP, group_id, user_id

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("links", ["separate", "reversed", "joined"])
async def test_a_pull_from_the_start_shows_everybody(okta: FakeOkta, links: LinkStyle) -> None:
    okta.links = links
    mirror = Mirror()
    async with aclosing(connect(okta)) as connector:
        await mirror.pull(connector, "users", "groups")

    assert mirror.seen() == truth(okta)
    assert len(mirror.users) == 90
    assert mirror.rejects == []


async def test_full_pages_without_links_are_no_end(okta: FakeOkta) -> None:
    okta.links = "none"
    okta.page_max = 200
    okta.people.user_count = 200
    async with aclosing(connect(okta)) as connector:
        with pytest.raises(SourceError, match="whether it is the last"):
            await Mirror().pull(connector, "users")


async def test_who_was_deactivated_is_pulled_as_disabled(okta: FakeOkta) -> None:
    okta.people.edit_user(5, status="DEPROVISIONED")
    mirror = Mirror()
    async with aclosing(connect(okta)) as connector:
        await mirror.pull(connector, "users")

    assert mirror.users[user_id(5)]["active"] is False


@pytest.mark.parametrize(
    ("status", "active"),
    [
        ("ACTIVE", True), ("PROVISIONED", True), ("RECOVERY", True), ("PASSWORD_EXPIRED", True), ("LOCKED_OUT", True),
        ("SUSPENDED", False), ("DEPROVISIONED", False),
    ],
)  # fmt: skip
async def test_every_status_means_something(okta: FakeOkta, status: str, active: bool) -> None:
    okta.people.edit_user(3, status=status)
    mirror = Mirror()
    async with aclosing(connect(okta)) as connector:
        await mirror.pull(connector, "users")

    assert mirror.users[user_id(3)]["active"] is active


async def test_people_who_were_never_activated_are_out_of_scope_unless_wanted(okta: FakeOkta) -> None:
    okta.people.edit_user(3, status="STAGED")
    for wanted in (False, True):
        mirror = Mirror()
        async with aclosing(connect(okta, {"staged": wanted})) as connector:
            await mirror.pull(connector, "users")

        assert (user_id(3) in mirror.users) is wanted


async def test_a_status_that_nobody_knows_rejects_that_person_only(okta: FakeOkta) -> None:
    okta.people.edit_user(3, status="LEVITATING")
    okta.people.edit_user(4, login="x" * 3000)
    mirror = Mirror()
    async with aclosing(connect(okta)) as connector:
        await mirror.pull(connector, "users")

    assert {one.ext_id for one in mirror.rejects} == {user_id(3), user_id(4)}
    assert len(mirror.users) == 88


async def test_deltas_follow_changes_and_the_next_whole_pull_finds_who_was_deleted(okta: FakeOkta) -> None:
    chance = random.Random(5)
    mirror = Mirror()
    async with aclosing(connect(okta)) as connector:
        await mirror.pull(connector, "users", "groups")
        for _ in range(8):
            okta.people.stir(chance, times=8)
            await mirror.pull(connector, "users", "groups")
            users, groups, edges, _ = truth(okta)

            assert {name: mirror.users[name] for name in users} == users
            assert {name: mirror.groups[name] for name in groups} == groups
            assert {one for one in mirror.seen()[2] if one[1] in users} == edges
        mirror.checkpoints.clear()
        await mirror.pull(connector, "users", "groups")

    assert mirror.seen() == truth(okta)


async def test_an_idle_delta_takes_two_requests(okta: FakeOkta) -> None:
    mirror = Mirror()
    async with aclosing(connect(okta)) as connector:
        await mirror.pull(connector, "users", "groups")
        okta.requests.clear()
        await mirror.pull(connector, "users", "groups")

    assert okta.requests == {"users": 1, "groups": 1}


async def test_only_groups_whose_members_moved_are_read(okta: FakeOkta) -> None:
    mirror = Mirror()
    async with aclosing(connect(okta)) as connector:
        await mirror.pull(connector, "users", "groups")
        okta.requests.clear()
        okta.people.rename_group(1, "Another name")
        okta.people.remove_member(4, okta.people.members(4)[0])
        await mirror.pull(connector, "groups")

    assert okta.requests["members"] == 2  # 21 members on pages of 20
    assert mirror.seen()[2] == truth(okta)[2]


async def test_a_delta_looks_from_the_servers_time_with_an_overlap(okta: FakeOkta) -> None:
    mirror = Mirror()
    async with aclosing(connect(okta)) as connector:
        await mirror.pull(connector, "users")
        real = okta.clock
        okta.people.clock = lambda: real() - (OVERLAP - timedelta(seconds=10)).total_seconds()
        okta.people.edit_user(3, department="Late")
        await mirror.pull(connector, "users")

    assert mirror.seen()[0] == truth(okta)[0]


async def test_without_the_servers_time_everything_is_pulled_again(okta: FakeOkta) -> None:
    okta.dated = False
    async with aclosing(connect(okta)) as connector:
        done = [item async for item in connector.pages("users", None)][-1]

    assert isinstance(done, Done)
    assert done.checkpoint is None


async def test_a_group_that_is_deleted_meanwhile_stops_nobody_and_is_complete_for_nobody(okta: FakeOkta) -> None:
    pages: list[Page] = []
    async with aclosing(connect(okta, {"parallel": 1})) as connector:
        async for item in connector.pages("groups", None):
            if isinstance(item, Page):
                pages.append(item)
                okta.people.crews[7].gone = True

    assert {group for page in pages for group in page.complete_groups} == {group_id(one) for one in range(7)}


@pytest.mark.parametrize("path", [r"/users\?", r"/groups\?"])
async def test_a_list_that_is_not_there_is_no_empty_list(okta: FakeOkta, path: str) -> None:
    okta.faults.cause(Fault("404", path=path, count=99))
    async with aclosing(connect(okta)) as connector:
        with pytest.raises(SourceError) as caught:
            await Mirror().pull(connector, "users", "groups")

    assert caught.value.kind == "protocol"


@pytest.mark.parametrize("stream", ["users", "groups"])
async def test_a_pull_goes_on_after_any_page(okta: FakeOkta, stream: str) -> None:
    async with aclosing(connect(okta)) as connector:
        whole = [item async for item in connector.pages(stream, None)]
        for page in whole[:-1]:
            assert isinstance(page, Page)
            mirror = Mirror()
            mirror.apply(stream, [one for one in whole[: whole.index(page) + 1] if isinstance(one, Page)], whole[-1])  # type: ignore[arg-type]  # the end of it
            rest = [item async for item in connector.pages(stream, page.resume)]
            for one in rest[:-1]:
                mirror.take(one)  # type: ignore[arg-type]  # pages but for the last

            assert isinstance(rest[-1], Done)
            assert rest[-1].whole
            users, groups, _, _ = truth(okta)
            assert (mirror.users if stream == "users" else mirror.groups) == (users if stream == "users" else groups)
            assert stream == "users" or mirror.edges == truth(okta)[2]


async def test_scope_is_who_is_assigned_and_groups_are_those_assigned(okta: FakeOkta) -> None:
    okta.people.assign(user=3)
    okta.people.assign(crew=2)
    mirror = Mirror()
    async with aclosing(connect(okta, {"scope": "assigned", "app_id": APP})) as connector:
        assert connector.stages("full") == (("scope",), ("users", "groups"))
        pages = [item async for item in connector.pages("scope", None) if isinstance(item, Page)]
        await mirror.pull(connector, "users", "groups")

    assigned = [one for page in pages for one in page.assigned]
    members = {user_id(one) for one in okta.people.members(2)}
    assert {one.ext_id for one in assigned if one.kind == "user"} == {user_id(3)} | members
    assert assigned[-1] == Principal("group", group_id(2))
    assert set(mirror.groups) == {group_id(2)}
    assert mirror.users == truth(okta)[0]


@pytest.mark.parametrize("app_id", [APP, "0oaunknown"])
async def test_an_application_without_people_stops_the_pull(okta: FakeOkta, app_id: str) -> None:
    async with aclosing(connect(okta, {"scope": "assigned", "app_id": app_id})) as connector:
        with pytest.raises(SourceError) as caught:
            await Mirror().pull(connector, "scope")

    assert caught.value.kind == "config"


async def test_another_scope_of_groups_begins_anew(okta: FakeOkta) -> None:
    okta.people.assign(crew=2)
    mirror = Mirror()
    for crew in (2, 3):
        okta.people.assign(crew=crew)
        async with aclosing(connect(okta, {"scope": "assigned", "app_id": APP})) as connector:
            await mirror.pull_anew_if_expired(connector, "groups")

    assert set(mirror.groups) == {group_id(2), group_id(3)}


async def test_an_organisation_without_anybody_is_told_as_it_is(okta: FakeOkta) -> None:
    okta.nobody = True
    async with aclosing(connect(okta)) as connector:
        done = [item async for item in connector.pages("users", None)][-1]

    assert isinstance(done, Done)
    assert done.objects == 0
