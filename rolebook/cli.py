"""The command line: ``rolebook serve``, and what scripts need to set up and watch an installation."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from directory.model import Preset, SourceId
from rolebook import backups, provision, pull_sources, serving
from rolebook.checks import run_checks
from rolebook.command import Answer, Run, command, program
from rolebook.database import migrate_database, open_database
from rolebook.exporting import export_configuration
from rolebook.keys import key_ring_for
from rolebook.keys_command import of_keys
from rolebook.ownership import DISTRIBUTION, own_version, refuse_foreign_owners
from rolebook.pull_command import pull
from rolebook.rehearse import rehearse
from rolebook.rule_command import of_rule
from rolebook.tenant_command import of_tenant
from rolebook.welcome import welcome

PRESETS = ("entra", "okta", "onelogin", "jumpcloud", "strict")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(own_version(), prog_name=DISTRIBUTION)
def main() -> None:
    """Rolebook: SCIM provisioning with one explainable access role per user.

    Settings come from ROLEBOOK_* variables; docs/operations.md lists them. Logs go to standard error.
    """


@main.command()
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one.")
@click.option("--workers", type=int, help="Server processes; more than one needs PostgreSQL.")
@command
def serve(run: Run) -> None:
    """Migrate, say how to begin, and serve until stopped."""
    refuse_foreign_owners()
    listener = serving.listen(run.settings)
    settings = serving.bound_settings(run.settings, listener)

    key_ring_for(settings)

    async def prepare() -> tuple[Answer, list[str]]:
        await migrate_database(settings)
        async with open_database(settings):
            return await welcome(settings, program(), now=run.now, database_flag=run.database_flag)

    with serving.serving_alone(settings):
        answer, lines = asyncio.run(prepare())
        run.say(answer, *lines)
        serving.run_server(settings, listener)


main.add_command(rehearse)
main.add_command(of_keys)
main.add_command(pull)
main.add_command(of_tenant)
main.add_command(of_rule)


@main.command()
@command
def migrate(run: Run) -> None:
    """Bring the database up to this version."""
    state = asyncio.run(migrate_database(run.settings))
    run.say({"version": state.version, "migrations": list(state.applied)}, f"The database is at {state.version}.")


@main.command()
@command
def check(run: Run) -> None:
    """Look for what should not be; the status is 1 if there is something."""
    answer = run.with_directory(lambda: run_checks(run.settings), may_create=False)
    run.say(answer, *(f"{one['check']}: {'; '.join(one['findings']) or 'well'}" for one in answer["checks"]))
    if not answer["ok"]:
        raise SystemExit(1)


@main.command("export")
@click.option("--tenant", "slug", help="The slug of the one tenant; all of them if not given.")
@command
def export_tenants(run: Run, slug: str | None) -> None:
    """Print how tenants are set up, as JSON; no people and no secrets."""
    answer = run.with_directory(lambda: export_configuration(slug, now=run.now), may_create=False)
    run.say(answer, json.dumps(answer, indent=2, ensure_ascii=False))


NEW_FILE = click.Path(dir_okay=False, path_type=Path)
OLD_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@main.command()
@click.argument("file", type=NEW_FILE)
@command
def backup(run: Run, file: Path) -> None:
    """Copy the database as of now to the new FILE while the server runs; PostgreSQL needs pg_dump."""
    answer = backups.back_up(run.settings, file)
    keys = "The keys of sealed secrets are not in it: keep a copy of them elsewhere."
    run.say(answer, f"{file} has {answer['bytes']:,} bytes, SHA-256 {answer['sha256']}.", keys)


@main.command()
@click.argument("file", type=OLD_FILE)
@command
def restore(run: Run, file: Path) -> None:
    """Bring the copy in FILE back into an empty database; connections are off until somebody turns them on."""
    answer = backups.restore(run.settings, file, now=run.now)
    lines = [
        f"{one['tenant']}: {one['events']:,} events, {shut_words(one['turned_off'])}." for one in answer["tenants"]
    ]
    run.say(answer, *lines, "Everybody is signed out. Rotate the secrets that were revoked since, then turn SCIM on.")


def shut_words(labels: list[str]) -> str:
    """Return which connections a restore turned off."""
    return f"turned off: {', '.join(labels)}" if labels else "no connection was on"


@main.group("user")
def of_user() -> None:
    """Local users: those that no identity provider sends."""


@of_user.command("create")
@click.option("--tenant", "slug", required=True, help="The tenant's slug.")
@click.option("--user-name", required=True, help="Unique in the tenant.")
@click.option("--role", required=True, help="The access role: its name, such as Administrator.")
@click.option("--display-name", help="As people read it; the user name if not given.")
@click.option("--email", help="Where to reach the user.")
@command
def create_user(run: Run, slug: str, **given: str) -> None:
    """Create a local user and print a one-time sign-in link."""
    person = provision.Person(**given)
    answer = run.with_directory(lambda: provision.create_user(slug, person, run.settings.base_url, now=run.now))
    run.say(answer, f"{person.user_name} has the role {answer['role']}.", *link_lines(answer))


@of_user.command("link")
@click.option("--tenant", "slug", required=True, help="The tenant's slug.")
@click.option("--user-name", required=True, help="The user to sign in.")
@command
def link_user(run: Run, slug: str, user_name: str) -> None:
    """Print a new one-time sign-in link for a user whose role allows it."""
    answer = run.with_directory(
        lambda: provision.link_user(slug, user_name, run.settings.base_url, now=run.now), may_create=False
    )
    run.say(answer, *link_lines(answer))


@of_user.command("reset-second-factor")
@click.option("--tenant", "slug", required=True, help="The tenant's slug.")
@click.option("--user-name", required=True, help="The user who lost it.")
@command
def reset_second_factor(run: Run, slug: str, user_name: str) -> None:
    """Take the second factor from a user who lost app and recovery codes, and end their sessions."""
    answer = run.with_directory(lambda: provision.reset_second_factor(slug, user_name, now=run.now), may_create=False)
    had_one = f"The second factor of {user_name} is gone. They sign in with password or link and set up a new one."
    run.say(answer, had_one if answer["reset"] else f"{user_name} has no second factor.")


def link_lines(answer: Answer) -> list[str]:
    """Return how a person reads a sign-in link; nothing if the role has no sign-in."""
    if answer["sign_in_url"] is None:
        return []
    return ["Sign in with this link, once, within an hour:", f"  {answer['sign_in_url']}"]


@main.group("source")
def of_source() -> None:
    """Connections to identity providers."""


@of_source.command("create")
@click.option("--tenant", "slug", required=True, help="The tenant's slug.")
@click.option("--kind", default="scim", show_default=True, help="How users arrive: scim, or graph, okta, … to pull.")
@click.option("--preset", type=click.Choice(PRESETS), help="Which identity provider pushes; with scim only.")
@click.option("--name", "label", required=True, help="As people read it.")
@click.option(
    "--config", "config_file", type=OLD_FILE, help="What to pull, as JSON; docs/connectors.md has the fields."
)
@click.option("--secrets", "secrets_file", type=OLD_FILE, help="Credentials, as JSON, if they are not in --config.")
@click.option("--audit", "audits", type=click.UUID, help="Only compare with the connection of this id, which pushes.")
@command
def create_source(run: Run, slug: str, kind: str, preset: Preset | None, label: str, **pulled: Any) -> None:  # noqa: ANN401 - files and an id
    """Create a connection; one that pushes has a secret, which is printed this once."""
    if kind != "scim":
        create_pulled(run, slug, kind, label, pulled)
        return
    if preset is None or any(pulled.values()):
        raise click.UsageError("--kind scim needs --preset; --config, --secrets and --audit are for what is pulled.")
    wanted = provision.Connection(kind="scim", preset=preset, label=label)
    answer = run.with_directory(lambda: provision.create_source(slug, wanted, run.settings.base_url, now=run.now))
    lines = [f"Source: {answer['source']}", f"Base URL: {answer['base_url']}", f"Secret: {answer['secret']}"]
    run.say(answer, *lines, "The secret is not shown again.")


def create_pulled(run: Run, slug: str, kind: str, label: str, given: dict[str, Any]) -> None:
    """Create a connection that is pulled, and say how to go on."""
    if given["config_file"] is None:
        raise click.UsageError(f"--kind {kind} needs --config.")
    pull_sources.prepare(run.settings)
    wanted = pull_sources.Wanted(kind=kind, label=label, **given)
    answer = run.with_directory(lambda: pull_sources.create_source(slug, wanted, now=run.now))
    dry = f"See what it would do: {program()} pull {answer['source']} --dry-run"
    run.say(
        answer, f"Source: {answer['source']}", f"Credentials: {', '.join(answer['credentials']) or 'none yet'}", dry
    )


@of_source.command("set")
@click.argument("source_id", metavar="ID", type=click.UUID)
@click.argument("changes", metavar="KEY=VALUE...", nargs=-1, required=True)
@command
def set_source(run: Run, source_id: SourceId, changes: tuple[str, ...]) -> None:
    """Change settings of a connection."""
    wrong = [change for change in changes if "=" not in change]
    if wrong:
        raise click.BadParameter(f"{wrong[0]} is not KEY=VALUE")
    pairs = dict(change.split("=", 1) for change in changes)

    async def work() -> Answer:
        pulled = await pull_sources.find_source(source_id)
        if pulled is not None:
            return await pull_sources.set_source(pulled, pairs, now=run.now)
        return await provision.set_source(source_id, pairs, now=run.now)

    answer = run.with_directory(work)
    run.say(answer, *(f"{key} = {value}" for key, value in answer["settings"].items()))
