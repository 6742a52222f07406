"""Probes of the doors for machines: SCIM and equipment, with another tenant's things wherever a request names any."""

from collections.abc import Iterator, Mapping
from itertools import product
from urllib.parse import quote

from tests.isolation.estate import Party
from tests.isolation.probing import Asked, Probe, Shot, call

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BASES = ("/scim/v2", "/scim")
METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "OPTIONS")
RESOURCES: Mapping[str, tuple[str, ...]] = {
    "Users": ("only_id", "user_id", "operator_id", "gone_id", "own_group_id", "external_id"),
    "Groups": ("own_group_id", "group_id", "only_id"),
    "Roles": ("role_id",),
    "Entitlements": ("role_id",),
    "Schemas": ("source_id",),
    "ResourceTypes": ("source_id",),
    "Me": ("operator_id",),
}
FILTERS: Mapping[str, tuple[str, ...]] = {
    "Users": (
        'id eq "{only_id}"',
        'userName eq "{user_name}"',
        'userName sw "{user_name}"',
        'externalId eq "{external_id}"',
        'emails.value eq "{user_name}"',
        'emails[value eq "{user_name}"]',
        'displayName co "{display_name}"',
        'groups.value eq "{own_group_id}"',
        'groups[value eq "{own_group_id}"]',
        'manager.value eq "{only_id}"',
        f'{ENTERPRISE}:manager.value eq "{{only_id}}"',
        f'{ENTERPRISE}:manager.value eq "{{external_id}}"',
        'roles.value eq "{role_id}"',
        'id gt "{only_id}"',
        'id eq "{only_id}" or userName eq "{user_name}"',
        'not (id eq "{only_id}")',
        'meta.location co "{only_id}"',
    ),
    "Groups": (
        'id eq "{own_group_id}"',
        'displayName eq "{group_name}"',
        'externalId eq "{group_external_id}"',
        'members.value eq "{only_id}"',
        'members[value eq "{only_id}"]',
        'members eq "{only_id}"',
        'id gt "{own_group_id}"',
    ),
}
KNOWN = (("Users", "only_id"), ("Groups", "own_group_id"))
ASKED_FOR = ("?attributes=userName", "?excludedAttributes=members", "?attributes=groups", "/")
CONDITIONS = (
    *(("If_Match", "PUT"), ("If_Match", "PATCH"), ("If_Match", "DELETE")),
    *(("If_None_Match", "GET"), ("If_None_Match", "PUT")),
)
ETAGS = ('W/"1"', 'W/"2"', "*", '"1"')


def patch(op: str, path: str | None, value: object = None) -> dict[str, object]:
    """Return a PATCH body of one operation."""
    operation = {"op": op, **({} if path is None else {"path": path}), **({} if value is None else {"value": value})}
    return {"schemas": [PATCH], "Operations": [operation]}


def body_for(method: str, resource: str, asked: Asked) -> object:
    """Return a body that the method takes, or None."""
    if method == "PATCH":
        return patch("replace", "displayName", "Mine now")
    if method not in {"PUT", "POST"}:
        return None
    names = {"userName": asked["user_name"]} if resource == "Users" else {"displayName": "Mine now"}
    return {"schemas": [USER if resource == "Users" else GROUP], **names}


def in_scim_paths(own: Party, theirs: Asked, nobodys: Asked) -> Iterator[Probe]:
    """Yield every resource and method, and reads of both base addresses that ask for parts."""
    things = [(resource, thing) for resource, named in RESOURCES.items() for thing in named]
    for (resource, thing), method in product(things, METHODS):

        def shoot(asked: Asked, r: str = resource, t: str = thing, m: str = method) -> Shot:
            return call(m, f"/scim/v2/{r}/{quote(asked[t])}", own.secret, body_for(m, r, own.things))

        yield Probe(f"{method} /{resource}/{thing}", shoot, theirs, nobodys)
    for base, (resource, thing), ask in product(BASES, KNOWN, ASKED_FOR):

        def ask_for(asked: Asked, b: str = base, r: str = resource, t: str = thing, a: str = ask) -> Shot:
            return call("GET", f"{b}/{r}/{asked[t]}{a}", own.secret)

        yield Probe(f"GET {base}/{resource}/{thing}{ask}", ask_for, theirs, nobodys)


def in_conditions(own: Party, theirs: Asked, nobodys: Asked) -> Iterator[Probe]:
    """Yield writes and reads with ETags that another tenant's thing has."""
    for (resource, thing), etag, (header, method) in product(KNOWN, ETAGS, CONDITIONS):

        def shoot(
            asked: Asked, r: str = resource, t: str = thing, m: str = method, named: Mapping[str, str] = {header: etag}
        ) -> Shot:
            return call(m, f"/scim/v2/{r}/{asked[t]}", own.secret, body_for(m, r, own.things), **named)

        yield Probe(f"{method} /{resource}/{thing} {header} {etag}", shoot, theirs, nobodys)


def in_filters(own: Party, theirs: Asked, nobodys: Asked) -> Iterator[Probe]:
    """Yield every filter as a parameter and in the body of a search, also over all resources."""
    for resource, filters in FILTERS.items():
        for text in filters:

            def by_get(asked: Asked, r: str = resource, t: str = text) -> Shot:
                return call("GET", f"/scim/v2/{r}?filter={quote(t.format(**asked))}", own.secret)

            def by_post(asked: Asked, r: str = resource, t: str = text) -> Shot:
                return call("POST", f"/scim/v2/{r}/.search", own.secret, search(filter=t.format(**asked)))

            def over_all(asked: Asked, t: str = text) -> Shot:
                return call("POST", "/scim/v2/.search", own.secret, search(filter=t.format(**asked)))

            yield Probe(f"GET /{resource}?filter={text}", by_get, theirs, nobodys)
            yield Probe(f"POST /{resource}/.search {text}", by_post, theirs, nobodys)
            yield Probe(f"POST /.search {text}", over_all, theirs, nobodys)


def search(**asked: object) -> dict[str, object]:
    """Return the body of a search."""
    return {"schemas": [SEARCH], **asked}
