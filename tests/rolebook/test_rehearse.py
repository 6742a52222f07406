"""``rolebook rehearse`` as people and scripts call it."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rolebook.rehearse import rehearse
from tests.journeys.arranging import connect_source
from tests.journeys.serving import Server, environment_for, read_rows, rolebook, serving
from tests.shape.tree import ROOT


def rehearsed(server: Server, provider: str, *words: str, secret: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rolebook", "rehearse", provider, "--base-url", f"{server.url}/scim/v2", *words],
        cwd=ROOT,
        env=environment_for(server.database_url),
        input=f"{secret}\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def steps_of(document: Any) -> set[str]:  # noqa: ANN401 any JSON
    return {step["step"] for step in document["steps"]}


@pytest.mark.slow
def test_our_own_server_answers_both_providers_rightly(database_url: str, tmp_path: Path) -> None:
    size = ("--users", "21", "--groups", "4", "--memberships", "40", "--secret", "-")
    with serving(database_url, tmp_path) as server:
        secrets = {provider: connect_source(database_url, preset=provider) for provider in ("entra", "okta")}
        entra = rehearsed(server, "entra", *size, "--json", secret=secrets["entra"])
        again = rehearsed(server, "entra", *size, "--json", secret=secrets["entra"])
        okta = rehearsed(server, "okta", *size, "--keep", secret=secrets["okta"])
        told = [json.loads(run.stdout) for run in (entra, again)]

    assert [run.returncode for run in (entra, again, okta)] == [0, 0, 0]
    assert [(one["ok"], one["wrong"], one["examples"]) for one in told] == [(True, 0, [])] * 2
    assert {"change user, legacy", "change user, 062020", "set manager", "look for a member"} <= steps_of(told[0])
    assert (entra.stderr, okta.stdout.splitlines()[-1]) == ("", "Every answer was right.")
    assert okta.stderr.splitlines()[-1].split()[:2] == ["100", "%"]
    assert secrets["okta"] not in okta.stdout + okta.stderr
    # Some of those that the rehearsal deleted at its end are held by the guard: no provider sees them.
    sql = (
        "SELECT count(*) FROM user_row"
        " WHERE deleted_at IS NULL AND reported_deleted_at IS NULL AND source_id IS NOT NULL"
    )
    assert read_rows(database_url, sql) == [(21,)]


@pytest.mark.slow
def test_our_own_server_leads_everybody_to_the_tenants_below(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as server:
        rolebook(database_url, "tenant", "create", "Example Group")
        for number in (1, 2):
            rolebook(database_url, "tenant", "create", f"Branch {number}", "--parent", "example-group")
        words = ("source", "create", "--tenant", "example-group", "--preset", "entra", "--name", "Entra")
        source = rolebook(database_url, *words)
        rolebook(database_url, "source", "set", source["source"], "accepts_routing=on")
        rolebook(database_url, "rule", "create", "--tenant", "example-group", "--when", "named-tenant=routeTo")
        size = ("--users", "12", "--groups", "3", "--tenants", "2", "--keep", "--json", "--secret", "-")
        run = rehearsed(server, "entra", *size, secret=source["secret"])

    told = json.loads(run.stdout)
    assert (run.returncode, told["wrong"], told["held"], told["examples"]) == (0, 0, 0, [])
    sql = (
        "SELECT t.slug, count(*) FROM user_row u JOIN tenant_row t ON t.id = u.tenant_id"
        " WHERE u.deleted_at IS NULL AND u.source_id IS NOT NULL GROUP BY t.slug ORDER BY t.slug"
    )
    # One of twelve left for good, one moved to the second tenant, and one is in both.
    assert read_rows(database_url, sql) == [("branch-1", 6), ("branch-2", 6), ("example-group", 11)]


def test_an_endpoint_that_nobody_serves_ends_it_with_2() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        words = ["entra", "--base-url", f"{address}/", "--secret", "tell-nobody", "--users", "1"]
        result = CliRunner().invoke(rehearse, words)

    assert result.exit_code == 2
    assert f"Error: {address} cannot be reached: " in result.stderr
    assert "tell-nobody" not in result.output
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("jumpcloud --base-url http://x --secret s", "'jumpcloud' is not one of 'entra', 'okta'"),
        ("entra --secret s", "Missing option '--base-url'"),
        ("entra --base-url http://x", "Missing option '--secret'"),
        ("entra --base-url http://x --secret s --users 0", "0 is not in the range"),
        ("entra --base-url http://x --secret s --concurrency 0", "0 is not in the range"),
        ("entra --base-url x --secret s --json", "x is no address such as"),
        ("entra --base-url http://x:port --secret s", "http://x:port is no address: Port could not be cast"),
        ("entra --base-url http://x --secret s --tenants 0", "0 is not in the range"),
        ("entra --base-url http://x --secret s --slugs a --tenants 2", "a has no {} for the number of the tenant"),
        ("okta --base-url http://[ --secret s", "http://[ is no address: Invalid IPv6 URL."),
    ],
)
def test_what_cannot_be_played_is_said(words: str, says: str) -> None:
    result = CliRunner().invoke(rehearse, words.split())

    assert result.exit_code == 2
    assert says in result.stderr


def test_a_server_does_not_pay_for_the_client_of_the_rehearsal() -> None:
    asked = "import sys, rolebook.cli; print([name for name in sys.modules if name.startswith('rolebook.rehearsal')])"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout == "[]\n"
