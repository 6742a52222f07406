"""Pulls of a connector: listed, followed while they run, and looked at afterwards; all without scripts."""

import pytest

from directory.pulls import runs
from directory.pulls.model import PullSource, RunCause
from directory.pulls.run_life import Beat, Problem, note_progress, reread
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn
from tests.portal.pulling import pulled_source
from tests.portal.running import asked, begun, brought, ended, noted, opened, place, pulled, pulled_user, with_steps

pytestmark = pytest.mark.anyio

REFUSED = Problem(kind="auth", words="The secret is not taken")


@pytest.fixture
async def source(world: World) -> PullSource:
    return await pulled_source(world)


async def test_a_connector_that_was_never_pulled_says_so(admin: Browser, source: PullSource) -> None:
    card, listed = await opened(admin, source), await opened(admin, source, "runs")

    assert "Never pulled" in card.text
    assert "Never pulled" in listed.text


async def test_a_pull_without_changes_is_another_thing_than_none(
    admin: Browser, world: World, source: PullSource
) -> None:
    run = await pulled(world, source, {"unchanged": 12})

    card, shown = await opened(admin, source), await opened(admin, source, "runs", run.run_id)

    assert "Last pull: 1 well" in card.text
    assert "Never pulled" not in card.text
    assert "12 compared 0 changed 0 held 0 failed" in shown.text
    assert "Nothing to change. What was fetched is what is here." in shown.text


@pytest.mark.parametrize("name", ["held", "user:meet", "missing:once", "failed", "rejected", "user:disable"])
async def test_a_pull_that_found_something_never_says_that_there_was_nothing(
    admin: Browser, world: World, source: PullSource, name: str
) -> None:
    run = await pulled(world, source, {"unchanged": 2, "user:disable": 174, "held": 174, name: 174})

    assert "Nothing to change" not in (await opened(admin, source, "runs", run.run_id)).text


async def test_what_was_held_is_counted_apart_and_said_to_be_decided_afterwards(
    admin: Browser, world: World, source: PullSource
) -> None:
    why = {"users": [174, 29, 0]}
    run = await brought(world, await begun(world, source), "applying", {"user:disable": 174, "held": 174}, why=why)

    page = await opened(admin, source, "runs", (await ended(world, run)).run_id)

    assert "174 compared 0 changed 174 held 0 failed" in page.text
    assert "Too much at once. These changes are held until somebody decides; all others are made:" in page.text
    assert "By now all 174 are decided." in page.text


async def test_a_dry_run_that_meets_the_guard_says_so_and_counts_nothing_as_held(
    admin: Browser, world: World, source: PullSource
) -> None:
    run = await brought(
        world,
        await begun(world, source, dry=True),
        "planning",
        {"user:disable": 174},
        why={"users": [174, 29, 0]},
    )

    page = await opened(admin, source, "runs", (await ended(world, run)).run_id)

    assert "Much would be held" in page.text
    assert "174 would change 0 failed" in page.text
    assert "174 users would lose access; 29 may in 24 hours." in page.text


@pytest.mark.parametrize("cause", ["operator", "command line"])
async def test_who_asked_is_said_once(admin: Browser, world: World, source: PullSource, cause: RunCause) -> None:
    run = await runs.ask_run(source.source_id, "delta", cause=cause, by=world.system, now=world.tick())

    facts = (await opened(admin, source, "runs", run.run_id)).text.partition("Asked for ")[2].partition(" Began")[0]

    assert facts.endswith("by the command line" if cause == "command line" else f"by {world.system.label}")
    assert facts.count("by") == 1


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"user:create": 3, "failed": 1}, "1 failed"),
        ({"user:create": 3, "rejected": 2}, "2 not taken over"),
        ({"user:disable": 43, "held": 40}, "40 held"),
        ({"user:create": 3, "user:meet": 4}, "4 to decide"),
    ],
)
async def test_a_pull_is_never_green_with_something_red(
    admin: Browser, world: World, source: PullSource, counts: dict[str, int], words: str
) -> None:
    run = await pulled(world, source, counts)

    for page in (await opened(admin, source, "runs"), await opened(admin, source, "runs", run.run_id)):
        assert words in page.text
        assert '<span class="badge good">' not in page.response.text


async def test_the_card_shows_the_last_twenty_as_bars_whose_foot_has_a_form(
    admin: Browser, world: World, source: PullSource
) -> None:
    for number in range(22):
        await pulled(world, source, {"user:change": number, **({"held": 1} if number == 21 else {})})
    failed = await ended(world, await begun(world, source), "failed", REFUSED)

    card, listed = await opened(admin, source), await opened(admin, source, "runs")

    html = card.response.text
    assert html.count("<g><title>") == 20
    assert "Last 20 pulls: 18 well, 1 with something to look at, 1 failed, or with failed objects" in card.text
    assert (html.count('class="bad"'), html.count("rotate(45")) == (2, 2)
    assert card.link(str(failed.run_id))
    assert sum("/runs/" in link and ".csv" not in link for link in listed.links) == 23


async def test_run_now_asks_once_and_leads_to_the_pull(admin: Browser, source: PullSource) -> None:
    form = (await opened(admin, source)).form("/runs")

    first, second = await admin.send(form, deed="now"), await admin.send(form, deed="now")

    assert first.path == second.path
    assert "Waiting to begin" in first.text
    assert "asked for here by Administrator" in first.text
    current = await runs.current_run(source.tenant_id, source.source_id)
    assert current is not None
    assert (current.kind, current.dry, current.cause) == ("delta", False, "operator")


async def test_a_dry_run_says_that_nothing_is_written(admin: Browser, source: PullSource) -> None:
    page = await admin.send((await opened(admin, source)).form("/runs"), deed="dry")

    assert "Dry run" in page.text
    assert "A dry run writes nothing of the directory." in page.text


async def test_a_full_resync_warns_and_is_asked_for_on_a_page_of_its_own(admin: Browser, source: PullSource) -> None:
    warned = await opened(admin, source, "full-resync")
    page = await admin.send(warned.form("/full-resync"))

    assert "It may take long" in warned.text
    assert "missing from two full pulls in a row" in warned.text
    assert "Full pull" in page.text


async def test_one_user_is_asked_for_by_name(admin: Browser, source: PullSource) -> None:
    form = (await opened(admin, source)).form("/pull-user")

    missing, page = await admin.send(form, user=" "), await admin.send(form, user=" ann@example.org ")

    assert missing.status == 422
    assert "Enter a value." in missing.text
    assert "Pull of one user: ann@example.org" in page.text


async def test_one_user_is_tried_without_doing_it(admin: Browser, source: PullSource) -> None:
    page = await admin.send((await opened(admin, source, "pull-user")).form("/pull-user"), user="ann", dry="yes")

    assert "Dry run of one user: ann" in page.text
    assert "A dry run writes nothing of the directory." in page.text


async def test_a_deed_that_is_none_is_refused(admin: Browser, source: PullSource) -> None:
    answer = await admin.post(place(source, "runs"), {"csrf_token": await admin.token(), "deed": "burn"})

    assert answer.status_code == 422
    assert await runs.current_run(source.tenant_id, source.source_id) is None


async def test_whoever_only_looks_sees_pulls_and_no_deeds(sign_in: SignIn, world: World, source: PullSource) -> None:
    viewer, run = await sign_in("viewer"), await begun(world, source)

    card, shown = await opened(viewer, source), await opened(viewer, source, "runs", run.run_id)

    assert not [form for page in (card, shown) for form in page.forms if "/connectors/" in form.action]


async def test_progress_says_how_far_and_why_it_waits(admin: Browser, world: World, source: PullSource) -> None:
    run = await brought(world, await begun(world, source), "planning", {"user:create": 40}, done=(50, 100))
    await note_progress(
        run, Beat(request_count=7, waited_ms=27_000, waiting="Microsoft Graph asked us to wait 27 s"), now=world.tick()
    )

    page = await opened(admin, source, "runs", run.run_id)

    assert "Microsoft Graph asked us to wait 27 s. It goes on by itself." in page.text
    assert '<progress id="runs-done" value="50" max="100">' in page.response.text
    assert "50 compared 40 would change" in page.text
    assert "7, 0 pages; waited 27 s because the directory asked for it" in page.text
    assert page.link(str(run.run_id)).endswith(f"/runs/{run.run_id}"), "without scripts there is a link to refresh"


async def test_the_stream_says_how_it_stands_and_ends_with_the_pull(
    admin: Browser, world: World, source: PullSource
) -> None:
    run = await brought(world, await begun(world, source), "applying", {"user:create": 40}, done=(40, 100))
    stream = place(source, "runs", run.run_id, "stream")

    going = await admin.open(stream)
    again = await admin.open(stream, last_event_id=next(
        line[4:] for line in going.response.text.splitlines() if line.startswith("id: ")
    ))  # fmt: skip
    await ended(world, run)
    over = await admin.open(stream)

    assert "40 </strong>" not in again.response.text
    assert 'id="runs-run"' in going.response.text
    assert "event: done" not in going.response.text
    assert 'id="runs-run"' not in again.response.text
    assert "event: done" in over.response.text


async def test_a_pull_that_nobody_began_is_cancelled_at_once(admin: Browser, world: World, source: PullSource) -> None:
    run = await asked(world, source)

    page = await admin.send((await opened(admin, source, "runs", run.run_id)).form("/cancel"))

    assert "Cancelled by Administrator before it began." in page.text
    assert (await reread(run)).state == "cancelled"


async def test_cancelling_says_what_had_been_applied(admin: Browser, world: World, source: PullSource) -> None:
    run = await brought(world, await begun(world, source), "applying", {"user:create": 40}, done=(40, 100))

    stopping = await admin.send((await opened(admin, source, "runs", run.run_id)).form("/cancel"))
    words = "Cancelled after 40 of 100 changes. These stay; the next pull does the others."
    await ended(world, run, "cancelled", Problem(kind=None, words=words))
    page = await opened(admin, source, "runs", run.run_id)

    assert "It stops at the end of the page or batch that it is at." in stopping.text
    assert words in page.text
    assert "40 changed" in page.text
    assert not [form for form in page.forms if form.action.endswith("/cancel")]


async def test_a_pull_that_failed_says_what_to_do_and_that_nobody_was_removed(
    admin: Browser, world: World, source: PullSource
) -> None:
    problem = Problem(
        kind="permission", words="GroupMember.Read.All is missing", remedy="Grant it, with admin consent."
    )
    run = await ended(world, await begun(world, source), "failed", problem)

    page = await opened(admin, source, "runs", run.run_id)

    assert "Failed" in page.text
    assert "GroupMember.Read.All is missing. What to do: Grant it, with admin consent. Nobody was removed" in page.text


async def test_the_steps_of_one_user_are_shown_also_where_it_ended_early(
    admin: Browser, world: World, source: PullSource
) -> None:
    run = await begun(world, source, "one")
    await with_steps(
        run,
        {"key": "connect", "words": "Connect", "outcome": "passed", "detail": "as Contoso", "latency_ms": 84},
        {"key": "find", "words": "Find", "outcome": "failed", "detail": "nobody of this name", "remedy": "Look it up"},
        {"key": "decide", "words": "Decide", "outcome": "skipped"},
    )

    page = await opened(admin, source, "runs", run.run_id)

    assert "Connect As Contoso. 84 ms" in page.text
    assert "Find failed Nobody of this name. What to do: Look it up." in page.text
    assert "Decide not reached" in page.text


async def test_the_plan_names_whom_it_takes_from_and_why_the_guard_holds_it(
    admin: Browser, world: World, source: PullSource
) -> None:
    run = await begun(world, source, dry=True)
    ann = await pulled_user(world, run, source, "ann")
    await noted(
        run,
        ("user", "user:disable", "ann", None, [["active", True, False]]),
        ("user", "user:create", "zoe", None, [["userName", None, "zoe@example.org"]]),
        ("group", "group:delete", "Old group", None, []),
    )
    counts = {"user:disable": 1, "user:create": 300, "group:delete": 1, "missing:once": 2}
    await ended(world, await brought(world, run, "planning", counts, why={"users": [60, 10, 4]}))

    page = await opened(admin, source, "runs", run.run_id)

    assert "1 Users disabled Takes away ann" in page.text
    assert "300 Users created zoe and 299 more" in page.text
    assert "302 would change" in page.text
    assert "60 users would lose access; 10 may in 24 hours, of which 4 were spent." in page.text
    assert "Nothing happens unless the next full pull misses them too." in page.text
    assert page.link(f"/sub-accounts/{ann.user_id}")


async def test_a_pull_that_only_compares_leads_to_what_differs(admin: Browser, world: World) -> None:
    source = await pulled_source(world, "Audit", mode="audit", audits=world.source.source_id)
    run = await pulled(world, source, {})

    card, shown = await opened(admin, source), await opened(admin, source, "runs", run.run_id)

    assert "Compare now" in card.text
    assert "Nothing to change" not in shown.text
    assert shown.link(f"/connectors/{source.source_id}/drift")
