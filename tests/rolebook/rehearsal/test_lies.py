"""Every lie of an endpoint is found, in the step where the provider would stumble over it."""

import json
from typing import Any

import pytest
from anyio import to_thread
from click.testing import CliRunner, Result

from directory.model import Preset
from directory.store.unit import Engine
from rolebook.rehearse import rehearse
from tests.fakes import liar
from tests.fakes.liar import Lie, LyingEndpoint
from tests.scim.clients import minimal_app, new_source
from tests.scim.serving import served

pytestmark = pytest.mark.anyio

SIZE = ("--users", "7", "--groups", "2", "--memberships", "9")

LIES: list[tuple[Preset, Lie, str]] = [
    ("entra", liar.loses_a_member, "read group with members"),
    ("entra", liar.says_status_as_a_number, "create user twice"),
    ("entra", liar.gives_no_location, "create user"),
    ("entra", liar.is_deaf_to_string_booleans, "read user"),
    ("entra", liar.keeps_the_deleted, "read deleted user"),
    ("entra", liar.ignores_filters, "find user"),
    ("entra", liar.finds_nobody_with_404, "test connection"),
    ("entra", liar.speaks_plain_json, "read schemas"),
    ("entra", liar.mixes_versions_up, "read user"),
    ("entra", liar.lists_a_member_twice, "read group with members"),
    ("entra", liar.takes_a_name_twice, "create group twice"),
    ("entra", liar.empties_a_renamed_group, "read group with members"),
    ("entra", liar.fails_now_and_then, "create group"),
    ("okta", liar.loses_a_member, "read group"),
    ("okta", liar.empties_a_renamed_group, "read group"),
    ("okta", liar.repeats_one_on_a_page, "import /Users"),
    ("okta", liar.knows_one_page_only, "import /Users"),
    ("okta", liar.counts_otherwise_each_time, "import /Users"),
    ("okta", liar.shows_passwords, "create user"),
    ("okta", liar.forgets_what_was_put, "replace user"),
    ("okta", liar.lets_everybody_in, "wrong secret"),
]


async def rehearsed(preset: Preset, lie: Lie, *, slug: str, words: tuple[str, ...] = ("--json",)) -> Result:
    """Play a small rehearsal against our own endpoint with a lie in front of it; the store is open."""
    _, _, token = await new_source(preset, slug)
    async with served(LyingEndpoint(minimal_app(), lie)) as address:
        options = ("--base-url", f"{address}/scim/v2", "--secret", token, *SIZE, *words)
        return await to_thread.run_sync(lambda: CliRunner().invoke(rehearse, [preset, *options]))


def wrong_steps(document: Any) -> dict[str, int]:  # noqa: ANN401 any JSON
    return {step["step"]: step["wrong"] for step in document["steps"] if step["wrong"]}


@pytest.mark.usefixtures("sqlite_store")
@pytest.mark.parametrize(("preset", "lie", "step"), LIES, ids=[f"{one[0]}-{one[1].__name__}" for one in LIES])
async def test_a_lie_is_found(preset: Preset, lie: Lie, step: str) -> None:
    result = await rehearsed(preset, lie, slug="acme")
    document = json.loads(result.stdout)

    assert result.exit_code == 1, result.stderr
    assert not document["ok"]
    assert step in wrong_steps(document)
    assert document["examples"]


@pytest.mark.parametrize("preset", ["entra", "okta"])
async def test_the_truth_is_not_taken_for_a_lie(store: Engine, preset: Preset) -> None:
    result = await rehearsed(preset, liar.nothing_but_the_truth, slug=f"acme-{type(store).__name__.lower()}")
    document = json.loads(result.stdout)

    assert (result.exit_code, document["examples"]) == (0, [])
    assert document["ok"]
    assert document["requests"] > 100


@pytest.mark.usefixtures("sqlite_store")
async def test_an_example_says_what_was_asked_expected_and_got() -> None:
    result = await rehearsed("entra", liar.says_status_as_a_number, slug="acme", words=())

    assert result.exit_code == 1
    assert "create user twice: POST /Users\n" in result.stdout
    assert '  expected status as the text "409"\n  got      409\n' in result.stdout
    assert "wrong answers." in result.stdout
    assert "rbk_s_" not in result.stdout + result.stderr


@pytest.mark.usefixtures("sqlite_store")
async def test_what_cannot_go_on_is_counted_and_the_others_go_on() -> None:
    document = json.loads((await rehearsed("entra", liar.fails_now_and_then, slug="acme")).stdout)

    assert wrong_steps(document).keys() == {"create group"}
    assert document["abandoned"] > 0
    assert {"rename user", "delete user"} <= {step["step"] for step in document["steps"]}
