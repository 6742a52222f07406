"""``rolebook rule``: which rules lead the users of a super tenant to the tenants below it."""

from uuid import UUID

import click

from rolebook.command import Answer, Run, command
from rolebook.routing_rules import Wanted, add_rule, drop_rule, set_reading, show_rules

WHEN_HELP = (
    "Whom it is for: domain=a.example,b.example; attribute:PATH=VALUE,… with * for anything; group=NAME; "
    "group-name=PATTERN,…; source=NAME; named-tenant=PATH, whose value names the tenants itself."
)


@click.group("rule")
def of_rule() -> None:
    """Routing rules of a super tenant, in order."""


@of_rule.command("create")
@click.option("--tenant", "slug", required=True, help="The super tenant's slug.")
@click.option("--when", required=True, help=WHEN_HELP)
@click.option("--to", help="Slugs of the tenants it leads to, with commas; not with named-tenant.")
@click.option("--groups", "of_groups", is_flag=True, help="It leads groups, not users.")
@click.option("--role", help="The role that users have there; the tenant decides if not given.")
@click.option("--label", default="", help="What it is called; what it asks if not given.")
@click.option("--place", type=click.IntRange(1), help="Its place in the list; the last if not given.")
@click.option("--continue", "goes_on", is_flag=True, help="Rules below count too, where all matches count.")
@click.option("--consent", is_flag=True, help="It may give a role that carries administration.")
@command
def create_rule(run: Run, slug: str, **given: object) -> None:
    """Add a rule; everybody is brought to where the rules lead then."""
    wanted = Wanted(**given)  # type: ignore[arg-type]  # the options above
    answer = run.with_directory(lambda: add_rule(slug, wanted, now=run.now), may_create=False)
    run.say(answer, *rule_lines(answer))


@of_rule.command("list")
@click.option("--tenant", "slug", required=True, help="The super tenant's slug.")
@command
def list_rules(run: Run, slug: str) -> None:
    """Print the rules in order, and where those go whom none leads anywhere."""
    answer = run.with_directory(lambda: show_rules(slug), may_create=False)
    run.say(answer, *rule_lines(answer))


@of_rule.command("delete")
@click.argument("rule_id", metavar="ID", type=click.UUID)
@click.option("--tenant", "slug", required=True, help="The super tenant's slug.")
@command
def delete_rule(run: Run, rule_id: UUID, slug: str) -> None:
    """Take a rule off the list; everybody is brought to where the others lead."""
    answer = run.with_directory(lambda: drop_rule(slug, rule_id, now=run.now), may_create=False)
    run.say(answer, *rule_lines(answer))


@of_rule.command("set")
@click.option("--tenant", "slug", required=True, help="The super tenant's slug.")
@click.option("--matches", type=click.Choice(["first", "all"]), help="Whether the first rule that fits counts, or all.")
@click.option("--fallback", help="The slug of where those go whom no rule leads anywhere; queue: nowhere.")
@command
def set_routing(run: Run, slug: str, matches: str | None, fallback: str | None) -> None:
    """Set how the rules count, and where those go whom none leads anywhere."""
    answer = run.with_directory(lambda: set_reading(slug, matches, fallback, now=run.now), may_create=False)
    run.say(answer, *rule_lines(answer))


def rule_lines(answer: Answer) -> list[str]:
    """Return how a person reads the rules."""
    fallback = answer["fallback"] or "the queue of the unrouted"
    lines = [f"{one['place']}. {_line(one)}" for one in answer["rules"]]
    counting = "All rules that fit count." if answer["matches"] == "all" else "The first rule that fits counts."
    return [*lines, f"{counting} Whoever fits none goes to {fallback}."]


def _line(rule: Answer) -> str:
    to = ", ".join(rule["to"]) or "the tenants that it names"
    role = f" as {rule['role']}" if rule["role"] else ""
    of = "groups, " if rule["kind"] == "group" else ""
    return f"{of}{rule['when']} -> {to}{role}  ({rule['rule']})"
