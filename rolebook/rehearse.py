"""``rolebook rehearse``: the options, and what becomes of them; everything else is in rolebook.rehearsal."""

import asyncio
import json
import secrets
import sys
from pkgutil import resolve_name
from typing import Any
from urllib.parse import urlsplit

import click

PLAY = "rolebook.rehearsal.play"
SEED = 20260
PREFIX_BYTES = 3
STANDARD_INPUT = "-"
NUMBER = "{}"
SLUGS = f"branch-{NUMBER}"
STATUS_WRONG = 1
STATUS_UNREACHABLE = 2


def parse_base_url(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """Return the address without a slash at its end.

    Raises:
        BadParameter: it is no address of http.
    """
    try:
        parts = urlsplit(text)
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and parts.username is None:
            return text.rstrip("/")
    except ValueError as error:
        raise click.BadParameter(f"{text} is no address: {error}.") from error
    raise click.BadParameter(f"{text} is no address such as https://scim.example/v2.")


def parse_slugs(context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """Return the pattern of slugs.

    Raises:
        BadParameter: several tenants cannot be told apart by it.
    """
    if NUMBER not in text and (context.params.get("tenants") or 0) > 1:
        raise click.BadParameter(f"{text} has no {NUMBER} for the number of the tenant.")
    return text


@click.command()
@click.argument("provider", type=click.Choice(["entra", "okta"]))
@click.option(
    "--base-url",
    callback=parse_base_url,
    required=True,
    help="Where the endpoint is, such as http://localhost:8000/scim/v2.",
)
@click.option("--secret", required=True, help="The bearer token; - reads it from standard input.")
@click.option("--users", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="Users to push.")
@click.option("--groups", type=click.IntRange(0, 100_000), default=10, show_default=True, help="Groups to push.")
@click.option("--memberships", type=click.IntRange(0), help="Memberships in all; 5 a user if not given.")
@click.option(
    "--tenants",
    type=click.IntRange(1, 10_000),
    is_eager=True,
    help="At a super tenant: send users to so many tenants below it.",
)
@click.option(
    "--slugs",
    default=SLUGS,
    show_default=True,
    callback=parse_slugs,
    help="What these tenants are called in addresses; {} is a number from 1.",
)
@click.option(
    "--route-by",
    type=click.Choice(["routeTo", "department"]),
    default="routeTo",
    show_default=True,
    help="What says where a user goes; a rule of the super tenant has to follow it.",
)
@click.option("--concurrency", type=click.IntRange(1, 256), default=8, show_default=True, help="Objects at a time.")
@click.option("--seed", type=int, default=SEED, show_default=True, help="Another seed makes other people.")
@click.option("--prefix", help="Stands in every name; made up for each run if not given.")
@click.option("--keep", is_flag=True, help="Leave everything there in the end.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def rehearse(secret: str, prefix: str | None, *, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - passed on as they are
    """Play what Entra or Okta sends against a SCIM endpoint, and check every answer.

    Creates users and groups, changes them and deletes them again. With --tenants the endpoint is a super tenant's: each
    user is sent to a tenant, some to another one later, and the answers must say so at once. The status is 1 if an
    answer was wrong, and 2 if the endpoint cannot be reached.
    """
    # By name, so that a server never pays for an HTTP client that only the rehearsal uses: 50 ms and 3 MiB, measured.
    play: Any = resolve_name(PLAY)
    size = {name: given.pop(name) for name in ("users", "groups", "memberships")}
    pattern, count = given.pop("slugs"), given.pop("tenants") or 0
    slugs = tuple(pattern.replace(NUMBER, str(number)) for number in range(1, count + 1))
    wanted = play.Wanted(
        size=play.Size(**size),
        prefix=prefix or secrets.token_hex(PREFIX_BYTES),
        silent=as_json,
        slugs=slugs,
        **given,
    )
    token = sys.stdin.readline().strip() if secret == STANDARD_INPUT else secret
    try:
        outcome = asyncio.run(play.rehearse(wanted, token))
    except play.UnreachableError as error:
        click.echo(f"Error: {error}".replace(token, "[hidden]"), err=True)
        raise SystemExit(STATUS_UNREACHABLE) from error
    click.echo(json.dumps(outcome.document()) if as_json else "\n".join(outcome.lines()))
    if not outcome.ok:
        raise SystemExit(STATUS_WRONG)
