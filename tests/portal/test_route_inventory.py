"""Every route with what it asks for: whoever adds one adds it here, and whoever opens one says so here."""

from portal.pages import old_names
from portal.places import PLACES
from tests.portal.doors import DOORS
from tests.portal.inventory import INVENTORY

PUBLIC = {"/sign-in", "/sign-in/{token}", "/t/{slug}/sign-in", "/t/{slug}/sign-in/second-factor"}
OLD = {path for handler in old_names.HANDLERS for path in handler.paths}


def plain(path: str) -> str:
    """Return an address as the inventory writes it."""
    return path.replace(":str", "")


def test_every_route_is_in_the_inventory_with_what_it_asks_for() -> None:
    listed = {tuple(" ".join(part.split()) for part in line.split("|")) for line in INVENTORY.strip().splitlines()}
    found = {
        (f"{door.method} {plain(door.path)}", f"{door.access}{', fresh' if door.fresh else ''}")
        for door in DOORS
        if door.path not in OLD
    }

    assert found - listed == set(), "not in the inventory, or with another access"
    assert listed - found == set(), "in the inventory, but not there"


def test_addresses_of_other_guides_lead_to_pages_and_nothing_else() -> None:
    old = {door for door in DOORS if door.path in OLD}

    assert {plain(path) for path in OLD} == {f"/t/{{slug}}/{path}" for place in PLACES for path in place.old_paths}
    assert {(door.method, door.access, door.fresh) for door in old} == {("GET", "portal:view", False)}


def test_only_the_sign_in_pages_are_public() -> None:
    assert {plain(door.path) for door in DOORS if door.access == "public"} == PUBLIC


UNDOING = {
    "/t/{slug}/activity/changes/{event_id}/undo",
    "/t/{slug}/activity/changes/{event_id}/undo/confirmed",
    "/t/{slug}/undo/{action_id}",
}
"""These ask for what the change asked for that they take back, which the directory alone knows: see test_undo."""


LOOKING_IN = {
    "/t/{slug}/tenants/{tenant_id}/view",
    "/t/{slug}/scoped-views/{look_id}/begin",
    "/t/{slug}/scoped-views/{look_id}/leave",
}
"""To look into a tenant below, the tenant itself lets one in; to change something there the directory asks for more."""


def test_what_changes_the_tenant_asks_for_more_than_looking() -> None:
    lookers = {plain(door.path) for door in DOORS if door.method == "POST" and door.access == "portal:view"}
    own = [plain(door.path) for door in DOORS if door.method == "POST" and door.access == "signed in"]

    assert lookers == UNDOING | LOOKING_IN
    assert {path.removeprefix("/t/{slug}/").partition("/")[0] for path in own if path != "/sign-out"} == {
        "confirm", "own-account", "sub-accounts",
    }  # fmt: skip
    assert {path for path in own if "/sub-accounts/" in path} == {path for path in own if "/sub-accounts/views" in path}


def test_every_deed_with_secrets_or_second_factors_asks_who_is_there() -> None:
    ends = ("/secrets/new", "/rotate", "/second-factor")
    heavy = [door for door in DOORS if door.method == "POST" and door.path.endswith(ends)]

    assert {plain(door.path) for door in heavy if not door.fresh} == {"/t/{slug}/sign-in/second-factor"}
