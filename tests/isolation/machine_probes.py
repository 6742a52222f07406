"""Probes of the equipment door, and of every door with secrets that open another one, or none."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from urllib.parse import quote, urlencode

from tests.isolation.estate import Party
from tests.isolation.portal_probes import path_of
from tests.isolation.probing import Asked, Probe, Shot, call, page
from tests.portal.doors import INSIDE

ITEMS = "/api/v1/equipment"
BODIES: Mapping[str, object] = {"PUT": {"name": "Mine"}, "POST": {}}
BELOW = ("", "/loans", "/check-out", "/check-in")
MACHINES = (("GET", "/scim/v2/Users"), ("POST", "/scim/v2/Users"), ("GET", ITEMS), ("PUT", f"{ITEMS}/a"))
OPENED = {"secret": MACHINES[:2], "key": MACHINES[2:]}
HOLDERS = (
    *(("id", "only_id"), ("user_name", "user_name"), ("user_name", "operator_name")),
    *(("email", "user_name"), ("external_id", "external_id")),
)
PARAMETERS = (
    *(("q", "tag"), ("q", "display_name"), ("category", "tag")),
    *(("cursor", "place_by_text"), ("cursor", "place_by_texts"), ("cursor", "item_id")),
)
METHODS = ("GET", "PUT", "DELETE", "POST", "HEAD", "OPTIONS")


def of_equipment(own: Party, theirs: Asked, nobodys: Asked) -> Iterator[Probe]:
    """Yield every address and method with a tag of theirs, holders of theirs, and places in their lists."""
    for place, worded in (*at_their_tags(own.key), *at_own_items(own.key, quote(own.things["tag"]))):
        yield Probe(place, worded, theirs, nobodys)


def at_their_tags(key: str) -> Iterator[tuple[str, Callable[[Asked], Shot]]]:
    """Yield what is asked of an item by its tag, also under conditions."""

    def at(below: str, method: str, condition: Mapping[str, str], asked: Asked) -> Shot:
        return call(method, f"{ITEMS}/{quote(asked['tag'])}{below}", key, BODIES.get(method), **condition)

    for below, method in product(BELOW, METHODS):
        yield f"{method} {ITEMS}/tag{below}", partial(at, below, method, {})
    for header, method in product(("If_Match", "If_None_Match"), ("PUT", "DELETE")):
        yield f"{method} {ITEMS} {header}", partial(at, "", method, {header: '"1"'})


def at_own_items(key: str, tag: str) -> Iterator[tuple[str, Callable[[Asked], Shot]]]:
    """Yield what names their people and places beside one's own item."""

    def lent(by_what: str, thing: str, asked: Asked) -> Shot:
        return call("POST", f"{ITEMS}/{tag}/check-out", key, {"holder": {by_what: asked[thing]}})

    def listed(path: str, name: str, thing: str, asked: Asked) -> Shot:
        return call("GET", f"{path}?{urlencode({name: asked[thing]})}", key)

    for by_what, thing in HOLDERS:
        yield f"POST check-out to {by_what} {thing}", partial(lent, by_what, thing)
    for (name, thing), path in product(PARAMETERS, (ITEMS, f"{ITEMS}/{tag}/loans")):
        yield f"GET {path}?{name}={thing}", partial(listed, path, name, thing)


def of_other_secrets(own: Party) -> Iterator[Probe]:
    """Yield what secrets of one door say at another: nothing that a made-up one would not."""
    made_up = {
        "secret": altered(own.secret),
        "key": altered(own.key),
        "session": altered(own.browser.client.cookies["rolebook"]),
        "csrf": "0" * 128,
    }
    real = {
        "secret": own.secret,
        "key": own.key,
        "session": own.browser.client.cookies["rolebook"],
        "csrf": own.csrf,
    }
    for name in real:
        for method, path in (known for known in MACHINES if known not in OPENED.get(name, ())):

            def knock(asked: Asked, n: str = name, m: str = method, p: str = path) -> Shot:
                return call(m, p, asked[n], {} if m != "GET" else None)

            yield Probe(f"{method} {path} with a {name}", knock, real, made_up)
    for door in (door for door in INSIDE if door.method == "GET"):
        for name in ("secret", "key"):

            def look(asked: Asked, n: str = name, path: str = path_of(door, own.things, own.things)) -> Shot:
                headers = {"Authorization": f"Bearer {asked[n]}", "Cookie": f"rolebook={asked[n]}"}
                return page(path, **headers)._replace(machine=True)

            yield Probe(f"GET {door.path} with a {name} in header and cookie", look, real, made_up)


def altered(text: str) -> str:
    """Return a secret of the same form that was never made."""
    kept = text[: len(text) // 2]
    return kept + "".join("A" if letter != "A" else "B" for letter in text[len(kept) :])
