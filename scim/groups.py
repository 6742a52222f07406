"""Groups on the wire; their members are deltas, and are read only for answers that show them (RFC 7644 section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from litestar.params import FromPath

from directory import groups as directory_groups
from directory.edits import GroupEdit
from directory.errors import InvalidError
from directory.model import Group, GroupAttributes, GroupId, JsonObject, Member
from directory.query import Window
from scim.attributes import GROUP_NAMES
from scim.bodies import ScimRequest, is_large, read_json, run
from scim.errors import InvalidFilterError, InvalidValueError
from scim.filters import parse_filter
from scim.gate import Exchange, exchange_of
from scim.membership import read_members
from scim.patch import parse_group_patch
from scim.projection import Projection, projection_from
from scim.queries import page_from, parameters_of
from scim.quirks import Reading
from scim.record import redacted
from scim.resources import etag_of, group_resource, id_from
from scim.responses import Answer, answer, empty_answer, expectation, is_unchanged, list_body, resource_answer
from scim.values import read_body


@dataclass(frozen=True, slots=True)
class SentGroup:
    """A group as the body of a POST or PUT describes it; ``members`` is None where the body has no list of them."""

    attributes: GroupAttributes
    members: frozenset[str] | None


SHOWN_AFTER_PATCH_MAX = 100
"""A PATCH of a group with more members is answered with 204, so that its cost does not grow with the group."""

_ON_LOOP_MAX = 1000
"""An answer with more members is put together on a thread."""


async def create_group(request: ScimRequest) -> Answer:
    """Create a group with its first members."""
    exchange = exchange_of(request)
    projection = _projection(request, exchange)
    sent = await _read_group(request, exchange)
    exchange.draft.status = 201
    settings = exchange.reading.settings
    group = await directory_groups.create_group(
        sent.attributes,
        sent.members or frozenset(),
        by=exchange.actor,
        now=exchange.now,
        unique_name=settings.group_displayname_unique,
        unknown=settings.unknown_members,
    )
    return await _answer(group, exchange, projection, status=201)


async def get_group(request: ScimRequest, group_id: FromPath[str]) -> Answer:
    """Answer with a group."""
    exchange = exchange_of(request)
    projection = _projection(request, exchange)
    caller = exchange.caller
    group = await directory_groups.get_group(
        caller.tenant.tenant_id, GroupId(id_from(group_id, "group")), source_id=caller.source.source_id
    )
    if is_unchanged(request.headers.get("if-none-match"), group.version):
        return empty_answer(status=304, etag=etag_of(group.version))
    return await _answer(group, exchange, projection)


async def list_groups(request: ScimRequest) -> Answer:
    """Answer with a page of the groups that a filter finds."""
    exchange = exchange_of(request)
    caller, parameters = exchange.caller, parameters_of(request.scope["query_string"])
    projection = projection_from(parameters, GROUP_NAMES, exchange.reading)
    page = page_from(parameters)
    query = parse_filter(parameters["filter"], GROUP_NAMES, exchange.reading) if parameters.get("filter") else None
    try:
        found = await directory_groups.list_groups(
            caller.tenant.tenant_id, caller.source.source_id, query, Window(offset=page.start - 1, limit=page.count)
        )
    except InvalidError as error:
        raise InvalidFilterError(f"The filter cannot be used: {error.attribute} {error.reason}.") from error
    resources = await _resources(found.things, exchange, projection)
    body = partial(list_body, resources, total=found.total, start=page.start)
    return answer(await run(body, on_thread=sum(group.member_count for group in found.things) > _ON_LOOP_MAX))


async def replace_group(request: ScimRequest, group_id: FromPath[str]) -> Answer:
    """Replace a group: its members become exactly those listed.

    Without a list of members they stay, unless the source is read strictly: providers that rename by PUT leave it out.
    """
    exchange = exchange_of(request)
    projection = _projection(request, exchange)
    sent = await _read_group(request, exchange)
    members = sent.members
    if members is None and not exchange.reading.settings.lenient_reader:
        members = frozenset()
    edit = GroupEdit(change=lambda _: sent.attributes, add=members or frozenset(), replace=members is not None)
    group = await _edit(request, exchange, group_id, edit)
    return await _answer(group, exchange, projection)


async def patch_group(request: ScimRequest, group_id: FromPath[str]) -> Answer:
    """Change a group at a cost that does not depend on its size; the message is checked before it is looked up."""
    exchange = exchange_of(request)
    projection = _projection(request, exchange)
    body = await read_json(request)
    exchange.draft.request_body = redacted(body)
    edit = await run(partial(parse_group_patch, body, exchange.reading), on_thread=await is_large(request))
    wants_body = exchange.reading.settings.patch_response == "body"
    exchange.draft.status = 200 if wants_body else 204
    group = await _edit(request, exchange, group_id, edit)
    if not wants_body or group.member_count > SHOWN_AFTER_PATCH_MAX:
        return empty_answer(etag=etag_of(group.version))
    return await _answer(group, exchange, projection)


async def delete_group(request: ScimRequest, group_id: FromPath[str]) -> Answer:
    """Delete a group; its members lose what it gave them."""
    exchange = exchange_of(request)
    exchange.draft.status = 204
    await directory_groups.delete_group(
        GroupId(id_from(group_id, "group")),
        by=exchange.actor,
        now=exchange.now,
        expect=expectation(request.headers.get("if-match")),
    )
    return empty_answer()


def _projection(request: ScimRequest, exchange: Exchange) -> Projection:
    return projection_from(parameters_of(request.scope["query_string"]), GROUP_NAMES, exchange.reading)


async def _read_group(request: ScimRequest, exchange: Exchange) -> SentGroup:
    body = await read_json(request)
    exchange.draft.request_body = redacted(body)
    return await run(partial(_sent_group, body, exchange.reading), on_thread=await is_large(request))


def _sent_group(body: JsonObject, reading: Reading) -> SentGroup:
    document = read_body(GROUP_NAMES, body, reading)
    if "displayName" not in document:
        raise InvalidValueError("displayName is missing. Map the group's name to displayName in your IdP.")
    keys = [key for key in body if key.lower() in {"members", f"{GROUP_NAMES.core_urn}:members".lower()}]
    members = read_members(body[keys[0]], reading) if keys else None
    return SentGroup(GroupAttributes(document), members)


async def _edit(request: ScimRequest, exchange: Exchange, group_id: str, edit: GroupEdit) -> Group:
    return await directory_groups.edit_group(
        GroupId(id_from(group_id, "group")),
        edit,
        by=exchange.actor,
        now=exchange.now,
        expect=expectation(request.headers.get("if-match")),
        unknown=exchange.reading.settings.unknown_members,
    )


async def _resources(found: Sequence[Group], exchange: Exchange, projection: Projection) -> list[JsonObject]:
    """Return groups as resources; members are read only where they are asked for, and then in one statement."""
    if not found:
        return []
    members: dict[GroupId, list[Member]] = {}
    if projection.asks_for("members"):
        tenant_id = exchange.caller.tenant.tenant_id
        members = await directory_groups.members_of_groups(tenant_id, [group.group_id for group in found])

    def rendered() -> list[JsonObject]:
        return [
            projection.apply(group_resource(group, exchange.base_url, members.get(group.group_id))) for group in found
        ]

    return await run(rendered, on_thread=sum(map(len, members.values())) > _ON_LOOP_MAX)


async def _answer(group: Group, exchange: Exchange, projection: Projection, *, status: int = 200) -> Answer:
    (resource,) = await _resources([group], exchange, projection)
    location = f"{exchange.base_url}/Groups/{group.group_id}"
    build = partial(resource_answer, resource, etag=etag_of(group.version), location=location, status=status)
    return await run(build, on_thread=group.member_count > _ON_LOOP_MAX)
