"""Users on the wire: create, read, list, replace, change, delete (RFC 7644 section 3)."""

from collections.abc import Sequence
from functools import partial

from litestar.params import FromPath

from directory import users as directory_users
from directory.edits import Expect
from directory.errors import InvalidError
from directory.model import GroupId, JsonObject, User, UserAttributes, UserId
from directory.query import Window
from scim.attributes import USER_NAMES
from scim.bodies import ScimRequest, is_large, read_json, run
from scim.errors import InvalidFilterError, InvalidValueError
from scim.filters import parse_filter
from scim.gate import Exchange, exchange_of
from scim.patch import parse_user_patch
from scim.projection import Projection, projection_from
from scim.queries import page_from, parameters_of
from scim.record import redacted
from scim.resources import etag_of, id_from, user_resource
from scim.responses import Answer, answer, empty_answer, expectation, is_unchanged, list_body, resource_answer
from scim.values import read_body


async def create_user(request: ScimRequest) -> Answer:
    """Create a user, or let one come back: an inactive one, or one that was deleted within the days of grace."""
    exchange = exchange_of(request)
    projection = _projection(request, exchange)
    body = await read_json(request)
    exchange.draft.request_body = redacted(body)
    document = _read_document(body, exchange)
    document.setdefault("active", True)
    exchange.draft.status = 201
    revives = exchange.reading.settings.post_existing_inactive == "reactivate"
    user, _ = await directory_users.create_user(
        UserAttributes(document), by=exchange.actor, now=exchange.now, revive_inactive=revives
    )
    return await _answer(user, exchange, projection, status=201)


async def get_user(request: ScimRequest, user_id: FromPath[str]) -> Answer:
    """Answer with a user."""
    exchange = exchange_of(request)
    projection = _projection(request, exchange)
    caller = exchange.caller
    user = await directory_users.get_user(
        caller.tenant.tenant_id, UserId(id_from(user_id, "user")), source_id=caller.source.source_id
    )
    if is_unchanged(request.headers.get("if-none-match"), user.version):
        return empty_answer(status=304, etag=etag_of(user.version))
    return await _answer(user, exchange, projection)


async def list_users(request: ScimRequest) -> Answer:
    """Answer with a page of the users that a filter finds; none found is an empty list, never an error."""
    exchange = exchange_of(request)
    caller, parameters = exchange.caller, parameters_of(request.scope["query_string"])
    projection = projection_from(parameters, USER_NAMES, exchange.reading)
    page = page_from(parameters)
    query = parse_filter(parameters["filter"], USER_NAMES, exchange.reading) if parameters.get("filter") else None
    try:
        found = await directory_users.list_users(
            caller.tenant.tenant_id, caller.source.source_id, query, Window(offset=page.start - 1, limit=page.count)
        )
    except InvalidError as error:
        raise InvalidFilterError(f"The filter cannot be used: {error.attribute} {error.reason}.") from error
    users = found.things
    groups = await _groups_of(users, exchange, projection)
    resources = [projection.apply(user_resource(user, exchange.base_url, groups.get(user.user_id))) for user in users]
    return answer(list_body(resources, total=found.total, start=page.start))


async def replace_user(request: ScimRequest, user_id: FromPath[str]) -> Answer:
    """Replace a user's attributes; a status that is not sent stays, since its absence would mean active."""
    exchange = exchange_of(request)
    projection = _projection(request, exchange)
    body = await read_json(request)
    exchange.draft.request_body = redacted(body)
    document = _read_document(body, exchange)

    def edit(attributes: UserAttributes) -> UserAttributes:
        return UserAttributes({"active": attributes.active, **document})

    user = await directory_users.edit_user(
        UserId(id_from(user_id, "user")), edit, by=exchange.actor, now=exchange.now, expect=_expectation(request)
    )
    return await _answer(user, exchange, projection)


async def patch_user(request: ScimRequest, user_id: FromPath[str]) -> Answer:
    """Change a user; the whole message is checked before anybody is looked up."""
    exchange = exchange_of(request)
    projection = _projection(request, exchange)
    body = await read_json(request)
    exchange.draft.request_body = redacted(body)
    edit = await run(partial(parse_user_patch, body, exchange.reading), on_thread=await is_large(request))
    has_body = exchange.reading.settings.patch_response == "body"
    exchange.draft.status = 200 if has_body else 204
    user = await directory_users.edit_user(
        UserId(id_from(user_id, "user")), edit, by=exchange.actor, now=exchange.now, expect=_expectation(request)
    )
    return await _answer(user, exchange, projection) if has_body else empty_answer(etag=etag_of(user.version))


async def delete_user(request: ScimRequest, user_id: FromPath[str]) -> Answer:
    """Delete a user: gone at once for every later request."""
    exchange = exchange_of(request)
    exchange.draft.status = 204
    await directory_users.delete_user(
        UserId(id_from(user_id, "user")), by=exchange.actor, now=exchange.now, expect=_expectation(request)
    )
    return empty_answer()


def _expectation(request: ScimRequest) -> Expect:
    return expectation(request.headers.get("if-match"))


def _projection(request: ScimRequest, exchange: Exchange) -> Projection:
    return projection_from(parameters_of(request.scope["query_string"]), USER_NAMES, exchange.reading)


def _read_document(body: JsonObject, exchange: Exchange) -> JsonObject:
    document = read_body(USER_NAMES, body, exchange.reading)
    if "userName" not in document:
        raise InvalidValueError("userName is missing. Map an attribute that every user has to userName in your IdP.")
    return document


async def _groups_of(
    found: Sequence[User], exchange: Exchange, projection: Projection
) -> dict[UserId, list[tuple[GroupId, str]]]:
    """Return the groups of users as pairs of id and name; nobody's where they are not asked for."""
    if not found or not projection.asks_for("groups"):
        return {}
    tenant_id = exchange.caller.tenant.tenant_id
    groups = await directory_users.groups_of_users(tenant_id, [user.user_id for user in found])
    return {user_id: [(ref.group_id, ref.display_name) for ref in refs] for user_id, refs in groups.items()}


async def _answer(user: User, exchange: Exchange, projection: Projection, *, status: int = 200) -> Answer:
    groups = await _groups_of([user], exchange, projection)
    resource = projection.apply(user_resource(user, exchange.base_url, groups.get(user.user_id)))
    location = f"{exchange.base_url}/Users/{user.user_id}"
    return resource_answer(resource, etag=etag_of(user.version), location=location, status=status)
