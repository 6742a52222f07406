"""Users on the wire: create, read, find, replace, change, delete (RFC 7644 section 3)."""

from collections.abc import Sequence
from functools import partial

from directory import users as directory_users
from directory.edits import Expect
from directory.model import GroupId, JsonObject, User, UserAttributes, UserId, UserView
from directory.query import Found, Query, Window
from scim.attributes import USER_NAMES, Vocabulary
from scim.bodies import run
from scim.errors import InvalidValueError
from scim.gate import Exchange
from scim.kinds import Outcome, Sent
from scim.patch import parse_user_patch
from scim.projection import Projection
from scim.resources import id_from, user_resource
from scim.responses import is_unchanged
from scim.super_tenants import keeps_place, search_for, show_tenants, user_names
from scim.terms import check_domain, within_domains
from scim.values import read_body


class Users:
    """The resource type User."""

    names: Vocabulary = USER_NAMES

    def names_for(self, exchange: Exchange) -> Vocabulary:
        """Return the attributes; those of a super tenant's users say more."""
        return user_names(exchange)

    async def create(self, exchange: Exchange, sent: Sent) -> Outcome:
        """Create a user, or let one come back: an inactive one, or one that was deleted within the days of grace."""
        document = _read_document(sent.body, exchange)
        document.setdefault("active", True)
        exchange.draft.status = 201
        revives = exchange.reading.settings.post_existing_inactive == "reactivate"
        attributes = UserAttributes(document)
        check_domain(attributes, exchange.reading.settings)
        user, _ = await directory_users.create_user(
            attributes,
            by=exchange.actor,
            now=exchange.now,
            revive_inactive=revives,
            on_match=exchange.reading.settings.on_match,
        )
        return await _outcome(user, exchange, sent, status=201)

    async def find(self, exchange: Exchange, ident: str, projection: Projection, if_none_match: str | None) -> Outcome:
        """Read a user."""
        caller = exchange.caller
        user = await directory_users.show_user(
            caller.tenant.tenant_id,
            _id(ident),
            caller.source.source_id,
            with_groups=projection.asks_for("groups"),
        )
        # Which tenants a user is in is of no version.
        if is_unchanged(if_none_match, user.version) and not caller.tenant.is_super:
            return Outcome(304, user.version)
        return await _shown(user, user.groups, exchange, projection)

    async def replace(self, exchange: Exchange, ident: str, sent: Sent) -> Outcome:
        """Replace a user's attributes; a status that is not sent stays, since its absence would mean active."""
        document = _read_document(sent.body, exchange)

        def edit(attributes: UserAttributes) -> UserAttributes:
            kept = keeps_place(exchange, attributes.document)
            return UserAttributes({"active": attributes.active, **kept, **document})

        user = await directory_users.edit_user(
            _id(ident),
            within_domains(edit, exchange.reading.settings),
            by=exchange.actor,
            now=exchange.now,
            expect=sent.expect,
        )
        return await _outcome(user, exchange, sent)

    async def patch(self, exchange: Exchange, ident: str, sent: Sent) -> Outcome:
        """Change a user."""
        parsed = await run(
            partial(parse_user_patch, sent.body, exchange.reading, user_names(exchange)), on_thread=sent.large
        )
        edit = within_domains(parsed, exchange.reading.settings)
        has_body = exchange.reading.settings.patch_response == "body"
        exchange.draft.status = 200 if has_body else 204
        user = await directory_users.edit_user(
            _id(ident), edit, by=exchange.actor, now=exchange.now, expect=sent.expect
        )
        if has_body:
            return await _outcome(user, exchange, sent)
        return Outcome(204, user.version, _location(user.user_id, exchange))

    async def delete(self, exchange: Exchange, ident: str, expect: Expect) -> Outcome:
        """Delete a user: gone at once for every later request."""
        exchange.draft.status = 204
        await directory_users.delete_user(_id(ident), by=exchange.actor, now=exchange.now, expect=expect)
        return Outcome(204)

    async def search(
        self, exchange: Exchange, query: Query | None, window: Window, projection: Projection
    ) -> Found[UserView]:
        """Find a page of the source's users, with their groups where they are asked for."""
        tenant_id, source_id = exchange.caller.tenant.tenant_id, exchange.caller.source.source_id
        with_groups, wanted = projection.asks_for("groups"), await search_for(exchange, query)
        return await directory_users.list_users(tenant_id, source_id, wanted, window, with_groups=with_groups)

    async def render(self, exchange: Exchange, found: Sequence[UserView], projection: Projection) -> list[JsonObject]:
        """Return users as resources."""
        base_url = exchange.base_url
        resources = [user_resource(user, base_url, user.groups) for user in found]
        shown = await show_tenants(exchange, [user.user_id for user in found], resources, projection)
        return [projection.apply(resource) for resource in shown]


USERS = Users()


def _id(ident: str) -> UserId:
    return UserId(id_from(ident, "user"))


def _location(ident: object, exchange: Exchange) -> str:
    return f"{exchange.base_url}/Users/{ident}"


def _read_document(body: JsonObject, exchange: Exchange) -> JsonObject:
    document = read_body(user_names(exchange), body, exchange.reading)
    if "userName" not in document:
        raise InvalidValueError("userName is missing. Map an attribute that every user has to userName in your IdP.")
    return document


async def _outcome(user: User, exchange: Exchange, sent: Sent, *, status: int = 200) -> Outcome:
    """Return how a change ended; the groups are read only where they are asked for."""
    if sent.silent:
        return Outcome(status, user.version, _location(user.user_id, exchange))
    groups: list[tuple[GroupId, str]] = []
    if sent.projection.asks_for("groups"):
        refs = await directory_users.groups_of_users(user.tenant_id, [user.user_id])
        groups = [(ref.group_id, ref.display_name) for ref in refs[user.user_id]]
    return await _shown(user, groups, exchange, sent.projection, status=status)


async def _shown(
    user: User | UserView,
    groups: Sequence[tuple[GroupId, str]],
    exchange: Exchange,
    projection: Projection,
    *,
    status: int = 200,
) -> Outcome:
    resources = [user_resource(user, exchange.base_url, groups)]
    (resource,) = await show_tenants(exchange, [user.user_id], resources, projection)
    return Outcome(status, user.version, _location(user.user_id, exchange), projection.apply(resource))
