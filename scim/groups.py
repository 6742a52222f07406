"""Groups on the wire; their members are deltas, and are read only for answers that show them (RFC 7644 section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from directory import groups as directory_groups
from directory.edits import Expect, GroupEdit
from directory.model import Group, GroupAttributes, GroupId, JsonObject, Member, NestedGroup
from directory.query import Found, Query, Window
from scim.attributes import GROUP_NAMES, Vocabulary
from scim.bodies import run
from scim.errors import InvalidValueError
from scim.gate import Exchange
from scim.kinds import Outcome, Sent
from scim.membership import NamedMembers, read_members
from scim.patch import parse_group_patch
from scim.projection import Projection
from scim.quirks import Reading
from scim.resources import group_resource, id_from
from scim.responses import is_unchanged
from scim.values import read_body

SHOWN_AFTER_PATCH_MAX = 100
"""A PATCH of a group with more members is answered with 204, so that its cost does not grow with the group."""

_ON_LOOP_MAX = 1000
"""An answer with more members is put together on a thread."""


@dataclass(frozen=True, slots=True)
class SentGroup:
    """A group as the body of a POST or PUT describes it; ``members`` is None where the body has no list of them."""

    attributes: GroupAttributes
    members: NamedMembers | None

    def edit(self, *, replace: bool = False) -> GroupEdit:
        """Return the attributes and members as an edit."""
        members = self.members or NamedMembers()
        return GroupEdit(
            change=lambda _: self.attributes,
            add=members.values,
            replace=replace,
            labels=members.labels,
            nested=members.groups,
        )


class Groups:
    """The resource type Group."""

    names: Vocabulary = GROUP_NAMES

    def names_for(self, _exchange: Exchange) -> Vocabulary:
        """Return the attributes, the same for all."""
        return GROUP_NAMES

    async def create(self, exchange: Exchange, sent: Sent) -> Outcome:
        """Create a group with its first members."""
        asked = await _read_group(exchange, sent)
        exchange.draft.status = 201
        settings = exchange.reading.settings
        group = await directory_groups.create_group(
            asked.attributes,
            asked.edit(),
            by=exchange.actor,
            now=exchange.now,
            unique_name=settings.group_displayname_unique,
            unknown=settings.unknown_members,
        )
        return await _outcome(group, exchange, sent, status=201)

    async def find(self, exchange: Exchange, ident: str, projection: Projection, if_none_match: str | None) -> Outcome:
        """Read a group."""
        caller = exchange.caller
        group = await directory_groups.get_group(caller.tenant.tenant_id, _id(ident), source_id=caller.source.source_id)
        if is_unchanged(if_none_match, group.version):
            return Outcome(304, group.version)
        (resource,) = await self.render(exchange, [group], projection)
        return _shown(group, exchange, resource)

    async def replace(self, exchange: Exchange, ident: str, sent: Sent) -> Outcome:
        """Replace a group: its members become exactly those listed.

        Without a list of members they stay, unless the source is read strictly: providers that rename by PUT leave it
        out.
        """
        asked = await _read_group(exchange, sent)
        replaces = asked.members is not None or not exchange.reading.settings.lenient_reader
        group = await _edit(exchange, ident, asked.edit(replace=replaces), sent.expect)
        return await _outcome(group, exchange, sent)

    async def patch(self, exchange: Exchange, ident: str, sent: Sent) -> Outcome:
        """Change a group at a cost that does not depend on its size."""
        edit = await run(partial(parse_group_patch, sent.body, exchange.reading), on_thread=sent.large)
        wants_body = exchange.reading.settings.patch_response == "body"
        exchange.draft.status = 200 if wants_body else 204
        group = await _edit(exchange, ident, edit, sent.expect)
        if not wants_body or group.member_count > SHOWN_AFTER_PATCH_MAX:
            return Outcome(204, group.version, _location(group, exchange))
        return await _outcome(group, exchange, sent)

    async def delete(self, exchange: Exchange, ident: str, expect: Expect) -> Outcome:
        """Delete a group; its members lose what it gave them."""
        exchange.draft.status = 204
        await directory_groups.delete_group(_id(ident), by=exchange.actor, now=exchange.now, expect=expect)
        return Outcome(204)

    async def search(
        self, exchange: Exchange, query: Query | None, window: Window, _projection: Projection
    ) -> Found[Group]:
        """Find a page of the source's groups; their members are read when they are rendered."""
        caller = exchange.caller
        return await directory_groups.list_groups(caller.tenant.tenant_id, caller.source.source_id, query, window)

    async def render(self, exchange: Exchange, found: Sequence[Group], projection: Projection) -> list[JsonObject]:
        """Return groups as resources; members are read only where they are asked for, and then in one statement."""
        members = await _members_of(found, exchange) if projection.asks_for("members") else {}
        base_url = exchange.base_url

        def rendered() -> list[JsonObject]:
            return [projection.apply(group_resource(group, base_url, members.get(group.group_id))) for group in found]

        return await run(rendered, on_thread=sum(map(len, members.values())) > _ON_LOOP_MAX)


GROUPS = Groups()


def _id(ident: str) -> GroupId:
    return GroupId(id_from(ident, "group"))


def _location(group: Group, exchange: Exchange) -> str:
    return f"{exchange.base_url}/Groups/{group.group_id}"


async def _read_group(exchange: Exchange, sent: Sent) -> SentGroup:
    return await run(partial(_sent_group, sent.body, exchange.reading), on_thread=sent.large)


def _sent_group(body: JsonObject, reading: Reading) -> SentGroup:
    document = read_body(GROUP_NAMES, body, reading)
    if "displayName" not in document:
        raise InvalidValueError("displayName is missing. Map the group's name to displayName in your IdP.")
    keys = [key for key in body if key.lower() in {"members", f"{GROUP_NAMES.core_urn}:members".lower()}]
    members = read_members(body[keys[0]], reading) if keys else None
    return SentGroup(GroupAttributes(document), members)


async def _edit(exchange: Exchange, ident: str, edit: GroupEdit, expect: Expect) -> Group:
    return await directory_groups.edit_group(
        _id(ident),
        edit,
        by=exchange.actor,
        now=exchange.now,
        expect=expect,
        unknown=exchange.reading.settings.unknown_members,
    )


async def _members_of(found: Sequence[Group], exchange: Exchange) -> dict[GroupId, list[Member | NestedGroup]]:
    if not found:
        return {}
    tenant_id = exchange.caller.tenant.tenant_id
    members = await directory_groups.members_of_groups(tenant_id, [group.group_id for group in found])
    with_groups = [group.group_id for group in found if group.nested_count]
    nested = await directory_groups.nested_of_groups(tenant_id, with_groups) if with_groups else {}
    return {group_id: [*users, *nested.get(group_id, [])] for group_id, users in members.items()}


async def _outcome(group: Group, exchange: Exchange, sent: Sent, *, status: int = 200) -> Outcome:
    if sent.silent:
        return Outcome(status, group.version, _location(group, exchange))
    (resource,) = await GROUPS.render(exchange, [group], sent.projection)
    return _shown(group, exchange, resource, status=status)


def _shown(group: Group, exchange: Exchange, resource: JsonObject, *, status: int = 200) -> Outcome:
    large = group.member_count > _ON_LOOP_MAX
    return Outcome(status, group.version, _location(group, exchange), resource, large=large)
