"""Probes of the portal: every page and every deed, with another tenant's things in path, query, form and header."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, urlencode

from tests.isolation.estate import Party
from tests.isolation.probing import Asked, Probe, Shot, form, page
from tests.portal.doors import DOORS, INSIDE, Door, filled
from tests.shape.tree import ROOT

PLACES = ("place_by_text", "place_by_number", "place_by_time", "place_by_texts", "only_id", "event_id")
MEANT: Mapping[str, tuple[str, ...]] = {
    "after": (*PLACES, "item_id", "group_id"),
    "before": (*PLACES, "message_id", "pull_id"),
    "unmapped_after": ("group_id",),
    "since": ("event_id", "pull_id"),
    "q": ("user_name", "display_name", "group_name", "tag", "only_id", "external_id", "reference", "item_id"),
    "text": ("user_name", "group_name", "tag"),
    "group": ("group_id", "own_group_id"),
    "group_id": ("group_id", "own_group_id"),
    "role": ("role_id",),
    "role_id": ("role_id",),
    "default_role_id": ("role_id",),
    "moved_to": ("role_id",),
    "source": ("source_id", "connector_id"),
    "source_id": ("source_id", "connector_id"),
    "audits": ("source_id", "connector_id"),
    "user": ("only_id", "operator_id"),
    "user_id": ("only_id", "operator_id", "user_id"),
    "user_name": ("user_name", "operator_name"),
    "manager": ("only_id",),
    "picked": ("only_id", "item_id"),
    "by": ("operator_id",),
    "holder": ("user_name", "external_id", "only_id"),
    "run": ("pull_id", "run_id"),
    "batch": ("pull_id",),
    "request": ("reference",),
    "reference": ("reference",),
    "item_id": ("item_id",),
    "tag": ("tag",),
    "tags": ("tag",),
    "plan_hash": ("plan_hash",),
    "hash": ("plan_hash",),
    "seen": ("plan_hash",),
    "previewed": ("plan_hash",),
    "report": ("schedule_id",),
    "next": ("slug",),
    "email": ("user_name",),
    "address": ("user_name",),
    "label": ("group_name",),
    "path": ("field_key",),
    "query": ("group_id",),
    "tenant": ("slug", "own_tenant_id", "tenant_id"),
    "fallback": ("own_tenant_id",),
    "change": ("change_to_tenant", "change_by_group"),
    "to": ("own_tenant_id",),
    "value": ("own_group_id",),
    "values": ("group_name",),
    "addresses": ("user_name",),
    "version": ("plan_hash",),
}
"""By the names that pages and deeds read: which of another tenant's things could stand there."""

TOLD_OF_THEMSELVES = {"/sign-out", "/t/{slug:str}/sub-accounts/{user_id:str}/export"}
"""Deeds that end the session, or whose answer tells of all the times before."""

NAMES_NOTHING = frozenset({
    "action", "again", "all", "auth", "authorization", "body", "bom", "category", "code", "condition", "currency",
    "current", "cursor", "decision", "deed", "display_name", "done", "expression", "external_id", "failed", "file",
    "file_name", "fresh", "from", "gzip", "held", "kind", "last", "limit", "listed", "live", "loans", "locked", "match",
    "matches", "meant_for", "method", "name", "note", "now", "origin", "outcome", "password", "pasted", "policy",
    "public", "reason", "rejected", "result", "role_key", "serial", "short_name", "slug", "state", "status", "target",
    "time", "typed", "unchanged", "upload", "when", "zone",
})  # fmt: skip
"""What the portal reads besides: words, choices, numbers. The short name of a new tenant is the one thing that says
whether another tenant has it, as the name of a new account does anywhere."""

READ = re.compile(r"""(?:\.get|\.getall|\.ident|\.any_ident|\.text)\(\s*"([a-z_]+)\"""")


@lru_cache(maxsize=1)
def names_read() -> frozenset[str]:
    """Return every name that the portal's code reads from an address or a form."""
    files = (ROOT / "portal").rglob("*.py")
    return frozenset(name for file in files for name in READ.findall(file.read_text(encoding="utf-8")))


def path_of(door: Door, own: Asked, asked: Asked, *named: str) -> str:
    """Return a door's address of one's own things, but for what ``named`` takes from ``asked``."""
    ids = {**own, **{name: asked[name] for name in named}}
    if "/connectors/" in door.path and "source_id" in named:
        ids["connector_id"] = asked["connector_id"]
    if "tenant_id" in named:
        ids["tenant_id"] = asked["own_tenant_id"]
    return filled(door.path, ids["slug"], {**ids, "name": "changes.csv", "report": "secrets"})


def through(door: Door, path: str, csrf: str, fields: Mapping[str, str]) -> Shot:
    """Return the request that a door takes."""
    return page(path) if door.method == "GET" else form(path, {"csrf_token": csrf, **fields})


def in_paths(own: Party, theirs: Asked, nobodys: Asked) -> Iterator[Probe]:
    """Yield every door, with each thing of its address by itself, and with all of them."""
    for door in INSIDE:
        names = sorted(door.parameters & theirs.keys() - {"slug"})
        for named in [(name,) for name in names] + ([tuple(names)] if len(names) > 1 else []):

            def shoot(asked: Asked, door: Door = door, named: tuple[str, ...] = named) -> Shot:
                path = path_of(door, own.things, asked, *named)
                return through(door, path, own.csrf, fields_of(own.things))

            yield Probe(f"{door.method} {door.path} path {named}", shoot, theirs, nobodys)


def in_slugs(own: Party, theirs: Asked, nobodys: Asked) -> Iterator[Probe]:
    """Yield every door at another tenant's address, with things of that tenant and of one's own.

    Who tries to sign in there is told to that tenant: its own test looks at that.
    """
    tries = {door for door in DOORS if door.access == "public" and door.method == "POST"}
    for door in (door for door in DOORS if "slug" in door.parameters and door not in tries):
        for what in ("theirs", "own"):
            names = sorted(door.parameters & theirs.keys()) if what == "theirs" else ["slug"]

            def shoot(asked: Asked, door: Door = door, names: list[str] = names) -> Shot:
                return through(door, path_of(door, own.things, asked, *names), own.csrf, fields_of(own.things))

            yield Probe(f"{door.method} {door.path} slug, {what} things", shoot, theirs, nobodys)


def in_queries(own: Party, theirs: Asked, nobodys: Asked) -> Iterator[Probe]:
    """Yield every page, with another tenant's things as its parameters."""
    for door in (door for door in INSIDE if door.method == "GET"):
        for name in sorted(MEANT):
            for thing in MEANT[name]:

                def shoot(asked: Asked, door: Door = door, name: str = name, thing: str = thing) -> Shot:
                    return page(f"{path_of(door, own.things, asked)}?{urlencode({name: asked[thing]})}")

                yield Probe(f"GET {door.path} ?{name}={thing}", shoot, theirs, nobodys)


def in_forms(own: Party, theirs: Asked, nobodys: Asked) -> Iterator[Probe]:
    """Yield every deed on one's own things, with another tenant's in each field, and with a form token of theirs."""
    for door in (door for door in INSIDE if door.method == "POST" and door.path not in TOLD_OF_THEMSELVES):
        for name in sorted(MEANT):
            thing = MEANT[name][0]

            def shoot(asked: Asked, door: Door = door, name: str = name, thing: str = thing) -> Shot:
                path = path_of(door, own.things, asked)
                return form(path, {"csrf_token": own.csrf, **fields_of(own.things), name: asked[thing]})

            yield Probe(f"POST {door.path} {name}={thing}", shoot, theirs, nobodys)

        def with_token(asked: Asked, door: Door = door) -> Shot:
            return form(path_of(door, own.things, asked), {"csrf_token": asked["csrf_token"]})

        yield Probe(f"POST {door.path} csrf_token", with_token, theirs, nobodys)


def in_streams(own: Party, theirs: Asked, nobodys: Asked) -> Iterator[Probe]:
    """Yield every stream of one's own, which is told that it had reached a thing of another tenant."""
    for door in (door for door in INSIDE if door.path.endswith(("/stream", "/live", "/live/requests"))):
        for thing in ("event_id", "pull_id", "job_id", "reference"):

            def shoot(asked: Asked, door: Door = door, thing: str = thing) -> Shot:
                return page(path_of(door, own.things, asked), Last_Event_ID=asked[thing], Accept="text/event-stream")

            yield Probe(f"GET {door.path} Last-Event-ID {thing}", shoot, theirs, nobodys)


def at_the_sign_in(own: Party, theirs: Asked, nobodys: Asked) -> Iterator[Probe]:
    """Yield what somebody without a session can ask: about tenants, and about who is in one's own."""
    for path in ("/t/{slug}/sign-in", "/t/{slug}", "/t/{slug}/overview", "/t/{slug}/sign-in/second-factor"):

        def look(asked: Asked, path: str = path) -> Shot:
            return page(path.format(slug=quote(asked["slug"])))._replace(machine=True)

        yield Probe(f"GET {path} by nobody", look, theirs, nobodys)

    def try_name(asked: Asked) -> Shot:
        fields = {"user_name": asked["operator_name"], "password": "a wrong one that is long"}
        return form(f"/t/{own.things['slug']}/sign-in", fields)._replace(machine=True)

    yield Probe("POST /t/{slug}/sign-in of own tenant with a name of theirs", try_name, theirs, nobodys)


def knocks(theirs: Asked, nobodys: Asked) -> Iterator[Probe]:
    """Yield tries to sign in at another tenant."""

    def knock(asked: Asked) -> Shot:
        fields = {"user_name": "somebody@example.org", "password": "a wrong one that is long"}
        return form(f"/t/{quote(asked['slug'])}/sign-in", fields)._replace(machine=True)

    yield Probe("POST /t/{slug}/sign-in by somebody unknown", knock, theirs, nobodys)


def fields_of(things: Asked) -> Mapping[str, str]:
    """Return a form that most deeds can read: one's own things, and words where words are asked for."""
    return {
        "role_id": things["role_id"],
        "reason": "Because",
        "name": "Nobody",
        "label": "Nobody",
        "typed": "turn off",
        "plan_hash": "0" * 64,
        "deed": "lock",
        "decision": "approve",
        "verdict": "adopt",
        "user_name": "nobody@example.org",
    }
