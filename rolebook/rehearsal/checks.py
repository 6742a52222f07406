"""What an answer must be like, as RFC 7644 and the providers' pages demand it; each check yields what is wrong."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeGuard

from rolebook.rehearsal.comparing import Wrong, differences, member_differences
from rolebook.rehearsal.exchange import MEDIA_TYPE, Json, NotJson, Reply, shown

Check = Callable[[Reply], Iterator[Wrong]]

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

KINDS = {"User": (USER, "/Users/"), "Group": (GROUP, "/Groups/")}
Values = Mapping[str, object]
NOTHING: Values = {}


def created(kind: str, values: Values = NOTHING) -> Check:
    """201 with the whole resource and its address (RFC 7644 section 3.3)."""

    def check(reply: Reply) -> Iterator[Wrong]:
        yield from _status(reply, 201)
        yield from _resource(reply, kind, values)
        at = reply.resource().get("meta")
        location = at.get("location") if isinstance(at, dict) else None
        if reply.location is None:
            yield Wrong("a header Location", "none")
        elif location != reply.location:
            yield Wrong("Location and meta.location alike", f"{reply.location} and {shown(location)}")

    return check


def shows(kind: str, values: Values = NOTHING) -> Check:
    """200 with the resource, and these values in it."""

    def check(reply: Reply) -> Iterator[Wrong]:
        yield from _status(reply, 200)
        yield from _resource(reply, kind, values)

    return check


def shows_members(expected: frozenset[str], values: Values = NOTHING) -> Check:
    """200 with the group, and exactly these members."""

    def check(reply: Reply) -> Iterator[Wrong]:
        yield from shows("Group", values)(reply)
        yield from member_differences(expected, reply.resource().get("members"))

    return check


def changed(kind: str, values: Values = NOTHING) -> Check:
    """204 without a body, or 200 with the resource as it is now (RFC 7644 section 3.5.2)."""

    def check(reply: Reply) -> Iterator[Wrong]:
        if reply.status == 204:
            yield from _empty(reply)
        else:
            yield from _status(reply, 200, 204)
            yield from _resource(reply, kind, values)

    return check


def removed(*also: int) -> Check:
    """204 without a body; ``also`` are statuses of endpoints that do not delete."""

    def check(reply: Reply) -> Iterator[Wrong]:
        yield from _status(reply, 204, *also)
        if reply.status == 204:
            yield from _empty(reply)

    return check


def refuses(status: int, scim_type: str | None = None) -> Check:
    """An error with its body (RFC 7644 section 3.12): the status as a text, and a detail for people."""

    def check(reply: Reply) -> Iterator[Wrong]:
        yield from _status(reply, status)
        yield from _json(reply)
        yield from _schemas(reply, ERROR)
        error = reply.resource()
        if error.get("status") != str(status):
            yield Wrong(f'status as the text "{status}"', shown(error.get("status")))
        if not isinstance(error.get("detail"), str) or not error["detail"].strip():
            yield Wrong("a detail that says what is wrong", shown(error.get("detail")))
        if scim_type is not None and error.get("scimType") != scim_type:
            yield Wrong(f"scimType {scim_type}", shown(error.get("scimType")))

    return check


def finds(resource_id: str | None, *, start: int | None = None) -> Check:
    """A list of this one resource, or of nobody; ``start`` where the request had a startIndex."""
    wanted = [] if resource_id is None else [resource_id]

    def check(reply: Reply) -> Iterator[Wrong]:
        yield from lists()(reply)
        page = reply.resource()
        if start is not None and page.get("startIndex") != start:
            yield Wrong(f"startIndex {start}", shown(page.get("startIndex")))
        if page.get("totalResults") != len(wanted):
            yield Wrong(f"totalResults {len(wanted)}", shown(page.get("totalResults")))
        if ids_in(reply) != wanted:
            yield Wrong(f"Resources with {shown(wanted)}", shown(ids_in(reply)))

    return check


def lists() -> Check:
    """200 with a ListResponse whose numbers are numbers and fit (RFC 7644 section 3.4.2)."""

    def check(reply: Reply) -> Iterator[Wrong]:
        yield from _status(reply, 200)
        yield from _json(reply)
        yield from _schemas(reply, LIST)
        page = reply.resource()
        total, resources = page.get("totalResults"), page.get("Resources")
        if not is_number(total):
            yield Wrong("totalResults as a number", shown(total))
        if not isinstance(resources, list) and (resources is not None or total != 0):
            yield Wrong("Resources as a list", shown(resources))
        count = len(resources) if isinstance(resources, list) else 0
        if page.get("itemsPerPage", count) != count:
            yield Wrong(f"itemsPerPage {count}, as many as there are", shown(page["itemsPerPage"]))

    return check


def lacks(*names: str) -> Check:
    """The resource, or each of a list, has none of these attributes."""

    def check(reply: Reply) -> Iterator[Wrong]:
        listed = reply.resource().get("Resources")
        for one in listed if isinstance(listed, list) else [reply.resource()]:
            for name in names:
                if isinstance(one, dict) and name in one:
                    yield Wrong(f"no {name}", f"{name} in the answer")

    return check


def any_of(*checks: Check) -> Check:
    """One of several answers that are all right; of the last is told what is wrong."""

    def check(reply: Reply) -> Iterator[Wrong]:
        if all(any(one(reply)) for one in checks):
            yield from checks[-1](reply)

    return check


def ids_in(reply: Reply) -> list[str]:
    """Return the ids of a page, in its order."""
    listed = reply.resource().get("Resources")
    return [str(one.get("id")) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def is_number(value: Json) -> TypeGuard[int]:
    """Tell whether JSON has a whole number here."""
    return isinstance(value, int) and not isinstance(value, bool)


def _status(reply: Reply, *statuses: int) -> Iterator[Wrong]:
    if reply.status not in statuses:
        yield Wrong(f"status {' or '.join(map(str, statuses))}", reply.shown)


def _empty(reply: Reply) -> Iterator[Wrong]:
    if reply.text:
        yield Wrong("no body with 204", reply.shown)


def _json(reply: Reply) -> Iterator[Wrong]:
    body = reply.body()
    if not isinstance(body, dict):
        yield Wrong("an object of JSON", reply.shown if body is NotJson else shown(body))
    if reply.media_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        yield Wrong(f"Content-Type {MEDIA_TYPE}", reply.media_type or "none")


def _schemas(reply: Reply, urn: str) -> Iterator[Wrong]:
    schemas: Collection[Json] | None = reply.resource().get("schemas")
    if not isinstance(schemas, list) or urn not in schemas:
        yield Wrong(f"schemas with {urn}", shown(schemas))


def _resource(reply: Reply, kind: str, values: Values) -> Iterator[Wrong]:
    urn, folder = KINDS[kind]
    yield from _json(reply)
    yield from _schemas(reply, urn)
    resource = reply.resource()
    resource_id = resource.get("id")
    if not isinstance(resource_id, str) or not resource_id:
        yield Wrong("an id", shown(resource_id))
    yield from _meta(reply, kind, f"{folder}{resource_id}")
    yield from differences(values, resource)


def _meta(reply: Reply, kind: str, path: str) -> Iterator[Wrong]:
    meta = reply.resource().get("meta")
    if not isinstance(meta, dict):
        yield Wrong("meta", shown(meta))
        return
    if meta.get("resourceType") != kind:
        yield Wrong(f"meta.resourceType {kind}", shown(meta.get("resourceType")))
    if not str(meta.get("location")).endswith(path):
        yield Wrong(f"meta.location that ends with {path}", shown(meta.get("location")))
    if reply.etag is not None and "version" in meta and meta["version"] != reply.etag:
        yield Wrong(f"meta.version {reply.etag}, as the header ETag", shown(meta["version"]))
