"""Probes of SCIM whose bodies name another tenant's things: members, managers, ids, names, operations of a bulk."""

from collections.abc import Callable, Iterator
from functools import partial

from tests.isolation.estate import Party
from tests.isolation.probing import Asked, Probe, Shot, call
from tests.isolation.scim_probes import ENTERPRISE, GROUP, USER, body_for, patch

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
MANAGER = f"{ENTERPRISE}:manager"
SOMEBODY = ("only_id", "own_group_id", "external_id", "user_id", "operator_id")
OPERATIONS = (
    *(("GET", "Users", "only_id"), ("PATCH", "Users", "only_id"), ("DELETE", "Users", "only_id")),
    *(("PUT", "Groups", "own_group_id"), ("PATCH", "Groups", "own_group_id"), ("DELETE", "Groups", "own_group_id")),
)

Words = tuple[str, str, object]
"""Method, path, body."""

Worded = Callable[[Asked], Words]


def in_bodies(own: Party, theirs: Asked, nobodys: Asked) -> Iterator[Probe]:
    """Yield them all."""
    for place, worded in (*of_groups(own.things), *of_users(own.things), *of_bulks(own.things)):

        def shoot(asked: Asked, worded: Worded = worded) -> Shot:
            method, path, body = worded(asked)
            return call(method, f"/scim/v2{path}", own.secret, body)

        yield Probe(place, shoot, theirs, nobodys)


def of_groups(mine: Asked) -> Iterator[tuple[str, Worded]]:
    """Yield members by every way to name them."""
    group = f"/Groups/{mine['own_group_id']}"

    def with_member(op: str, thing: str, asked: Asked) -> Words:
        return "PATCH", group, patch(op, "members", [{"value": asked[thing]}])

    def without(thing: str, asked: Asked) -> Words:
        return "PATCH", group, patch("remove", f'members[value eq "{asked[thing]}"]')

    def created(thing: str, asked: Asked) -> Words:
        return "POST", "/Groups", group_of(asked, [{"value": asked[thing], "$ref": f"../Users/{asked[thing]}"}])

    def put(thing: str, asked: Asked) -> Words:
        return "PUT", group, {**group_of(mine, [{"value": asked[thing]}]), "id": asked["own_group_id"]}

    for thing in SOMEBODY:
        for op in ("add", "replace", "remove"):
            yield f"PATCH members {op} {thing}", partial(with_member, op, thing)
        yield f"PATCH members[value eq {thing}]", partial(without, thing)
        yield f"POST group with {thing}", partial(created, thing)
        yield f"PUT group with {thing}", partial(put, thing)
    yield "POST group by its names", lambda asked: ("POST", "/Groups", group_of(asked, []))
    yield "PATCH group to its names", lambda asked: ("PATCH", group, patch("replace", None, group_of(asked, [])))


def of_users(mine: Asked) -> Iterator[tuple[str, Worded]]:
    """Yield managers, ids and names."""
    user = f"/Users/{mine['only_id']}"

    def managed(thing: str, asked: Asked) -> Words:
        return "PATCH", user, patch("replace", MANAGER, asked[thing])

    def managed_by_object(thing: str, asked: Asked) -> Words:
        return "PATCH", user, patch("add", MANAGER, {"value": asked[thing], "$ref": f"../Users/{asked[thing]}"})

    def put(thing: str, asked: Asked) -> Words:
        return "PUT", user, {**user_of(mine), "id": asked[thing], ENTERPRISE: {"manager": {"value": asked[thing]}}}

    for thing in SOMEBODY:
        yield f"PATCH manager {thing}", partial(managed, thing)
        yield f"PATCH manager object {thing}", partial(managed_by_object, thing)
        yield f"PUT user with {thing}", partial(put, thing)
    yield "POST user by their names", lambda asked: ("POST", "/Users", {**user_of(asked), "id": asked["only_id"]})
    yield "PATCH roles", lambda asked: ("PATCH", user, patch("add", "roles", [{"value": asked["role_id"]}]))
    yield "PATCH groups", lambda asked: ("PATCH", user, patch("add", "groups", [{"value": asked["own_group_id"]}]))
    yield "PATCH e-mail", lambda asked: ("PATCH", user, patch("replace", "emails", [{"value": asked["user_name"]}]))


def of_bulks(mine: Asked) -> Iterator[tuple[str, Worded]]:
    """Yield operations on their things, and references to them."""

    def operated(method: str, resource: str, thing: str, asked: Asked) -> Words:
        return "POST", "/Bulk", bulk(method, f"/{resource}/{asked[thing]}", body_for(method, resource, mine))

    def referred(asked: Asked) -> Words:
        members = [{"value": f"bulkId:{asked['only_id']}"}, {"value": asked["only_id"]}]
        return "POST", "/Bulk", bulk("POST", "/Groups", group_of(asked, members), asked["only_id"])

    for method, resource, thing in OPERATIONS:
        yield f"bulk {method} {resource}", partial(operated, method, resource, thing)
    yield "bulkId that is an id of theirs", referred


def user_of(asked: Asked) -> dict[str, object]:
    """Return a user of these names."""
    address = asked["user_name"]
    emails = [{"value": address, "primary": True}]
    return {"schemas": [USER], "userName": address, "externalId": asked["external_id"], "emails": emails}


def group_of(asked: Asked, members: list[dict[str, str]]) -> dict[str, object]:
    """Return a group of these names."""
    names = {"displayName": asked["group_name"], "externalId": asked["group_external_id"]}
    return {"schemas": [GROUP], **names, "members": members}


def bulk(method: str, path: str, data: object, bulk_id: str = "one") -> dict[str, object]:
    """Return a bulk of one operation."""
    operation = {"method": method, "path": path, "bulkId": bulk_id, **({} if data is None else {"data": data})}
    return {"schemas": [BULK], "Operations": [operation]}
