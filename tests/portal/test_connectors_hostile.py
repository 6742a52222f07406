"""Connectors met with what no form of ours sends, with what is off or bare, and with text that means harm."""

from collections.abc import Mapping
from uuid import uuid4

import pytest

from directory import closing
from directory.errors import MetError
from directory.pulls import runs, sources
from directory.pulls.run_life import Problem
from tests.directory.meeting import local_user
from tests.directory.world import World, create_world
from tests.portal.browsing import Browser
from tests.portal.conftest import make_stale
from tests.portal.pulling import CONFIG, SECRET, pulled_source
from tests.portal.running import begun, brought, ended, noted, opened, place, pulled_user

pytestmark = pytest.mark.anyio

NEW = {
    "kind": "graph",
    "label": "Contoso",
    "config_tenant": str(CONFIG["tenant"]),
    "config_client_id": str(CONFIG["client_id"]),
    "config_cloud": "global",
    "config_scope": "all",
    "config_application_id": "",
    "config_nested": "direct",
    "secret_client_secret": SECRET,
    "secret_certificate": "",
    "mode": "provision",
    "audits": "",
}
FORMS: Mapping[str, Mapping[str, str]] = {
    "configuration": {name: value for name, value in NEW.items() if name.startswith(("label", "config_"))},
    "credentials": {"secret_client_secret": SECRET, "secret_certificate": "", "secret_private_key": ""},
    "schedule": {"interval_min": "30", "full_every_h": "24"},
    "mode": {"mode": "audit", "audits": "", "match": ""},
    "policies": {"on_match": "queue", "grace_days": "30"},
    "mapping": {"target_0": "userName", "kind_0": "direct", "given_0": "userPrincipalName", "previewed": ""},
    "mapping/try": {"target_0": "userName", "kind_0": "expression", "given_0": "1", "deed": "preview"},
    "off": {"deed": "keep", "typed": "turn off"},
    "runs": {"deed": "now"},
    "full-resync": {"dry": "yes"},
    "pull-user": {"user": "ann@example.org", "dry": "yes"},
}
ODD = (
    "",
    " ",
    "x" * 30_000,
    "\0",
    "a\nb",
    "\uff19",
    "-1",
    "9" * 40,
    "<script>alert(1)</script>",
    "{}",
    "[" * 500,
    "\U0001f600",
)


async def odd_values(world: World) -> tuple[str, ...]:
    """Return what fields are filled with; ids of nobody, of oneself and of another tenant among it."""
    other = await create_world("elsewhere")
    return (*ODD, str(uuid4()), str(world.source.source_id), str(other.source.source_id))


async def test_no_value_of_the_new_form_breaks_it(admin: Browser, world: World) -> None:
    token, values = {"csrf_token": await admin.token()}, await odd_values(world)
    answers = {
        (name, odd[:40]): (await admin.post("connectors/new", {**token, **NEW, name: odd})).status_code
        for name in NEW
        for odd in values
    }

    assert {case: status for case, status in answers.items() if status not in {303, 422}} == {}


@pytest.mark.parametrize("form", FORMS)
async def test_no_value_of_a_form_breaks_it(admin: Browser, world: World, form: str) -> None:
    source, token = await pulled_source(world), {"csrf_token": await admin.token()}
    values = await odd_values(world)
    answers = {
        (name, odd[:40]): (await admin.post(place(source, form), {**token, **FORMS[form], name: odd})).status_code
        for name in FORMS[form]
        for odd in values
    }

    assert {case: status for case, status in answers.items() if status not in {200, 303, 404, 409, 422}} == {}


@pytest.mark.parametrize("whose", ["nobody", "another tenant", "a connector"])
async def test_only_what_pushes_here_is_compared_with(admin: Browser, world: World, whose: str) -> None:
    source, other = await pulled_source(world), await create_world("elsewhere")
    ids = {"nobody": uuid4(), "another tenant": other.source.source_id, "a connector": source.source_id}
    page = await admin.send((await opened(admin, source, "mode")).form("/mode"), mode="audit", audits=str(ids[whose]))

    assert page.status == 422
    assert not [form for form in page.forms if "mode" in form.fields and "Error" not in page.text]
    assert (await sources.get_pull_source(source.tenant_id, source.source_id)).mode == "provision"


@pytest.mark.parametrize("form", ["runs", "full-resync", "pull-user"])
async def test_nothing_is_asked_of_a_connector_that_is_off(admin: Browser, world: World, form: str) -> None:
    source = await pulled_source(world)
    await closing.turn_off(source.source_id, "keep", by=world.system, now=world.tick())
    data = {"csrf_token": await admin.token(), "deed": "now", "user": "ann@example.org"}
    answer = await admin.post(place(source, form), data)

    assert answer.status_code == 409
    assert "This connector is turned off: nothing is pulled before it is turned on again." in answer.text
    assert await runs.current_run(source.tenant_id, source.source_id) is None


@pytest.mark.parametrize("page", ["full-resync", "pull-user"])
async def test_a_connector_that_is_off_is_not_even_asked_about(admin: Browser, world: World, page: str) -> None:
    source = await pulled_source(world)
    await closing.turn_off(source.source_id, "keep", by=world.system, now=world.tick())

    assert (await admin.open(place(source, page))).status == 409


async def test_people_of_a_connector_that_is_off_are_not_offered_to_be_pulled(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    user = await pulled_user(world, await begun(world, source), source, "ann")
    before = await admin.open(f"sub-accounts/{user.user_id}")
    await closing.turn_off(source.source_id, "keep", by=world.system, now=world.tick())
    after = await admin.open(f"sub-accounts/{user.user_id}")
    sent = await admin.post(f"sub-accounts/{user.user_id}/pull", {"csrf_token": await admin.token()})

    assert "Pull this user now" in before.text
    assert "Pull this user now" not in after.text
    assert sent.status_code == 409


async def test_without_credentials_asking_leads_to_where_they_are_entered(admin: Browser, world: World) -> None:
    source = await sources.create_pull_source("graph", "Bare", CONFIG, {}, by=world.system, now=world.tick())
    page = await admin.send((await opened(admin, source)).form("/runs"), deed="now")

    assert page.path.endswith("/credentials")
    assert "Nothing can be pulled before the credentials are entered." in page.text
    assert await runs.current_run(source.tenant_id, source.source_id) is None


async def test_asking_twice_gives_one_pull(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    form = (await opened(admin, source)).form("/runs")

    assert (await admin.send(form, deed="now")).path == (await admin.send(form, deed="now")).path
    assert len(await runs.list_runs(source.tenant_id, source.source_id, limit=5)) == 1


async def test_a_full_resync_asks_who_it_is_when_that_is_long_ago(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    form = (await opened(admin, source, "full-resync")).form("/full-resync")
    await make_stale()
    page = await admin.send(form, dry="yes")

    assert "Confirm it is you" in page.text
    assert await runs.current_run(source.tenant_id, source.source_id) is None


async def test_text_of_the_directory_elsewhere_stays_text(admin: Browser, world: World) -> None:
    harm = '"><img src=x onerror=alert(1)><p hx-get="/sign-out" hx-trigger="load">'
    source = await pulled_source(world)
    run = await brought(world, await begun(world, source), "applying", {"user:disable": 1})
    await noted(run, ("user", "user:disable", harm, None, [[harm, harm, harm]]))
    run = await ended(world, run, "failed", Problem(kind="auth", words=harm, remedy=harm))

    for segments in (("runs", run.run_id), ("runs", run.run_id, "changes"), ("runs",), ()):
        html = (await opened(admin, source, *segments)).response.text
        assert "<img" not in html
        assert "<p hx-get" not in html


async def test_a_connector_that_is_off_is_not_called_paused(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    await closing.turn_off(source.source_id, "keep", by=world.system, now=world.tick())

    for page in (await opened(admin, source), await admin.open("connectors")):
        assert "Turned off" in page.text
        assert "Paused" not in page.text


async def test_the_adoption_queue_leads_to_the_connector_and_speaks_of_pulls(admin: Browser, world: World) -> None:
    source = await pulled_source(world)
    run = await begun(world, source)
    await pulled_user(world, run, source, "bob")
    await local_user(world, "ann@example.org", "editor", email="ann@example.org")
    with pytest.raises(MetError):
        await pulled_user(world, run, source, "ann")
    page = await admin.open(next(link for link in (await admin.open("adoption")).links if "/adoption/0" in link))

    assert f"/t/northwind/connectors/{source.source_id}" in page.links
    assert "with its first pull" in page.text
    assert "push" not in page.text
