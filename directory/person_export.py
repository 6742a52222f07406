"""Everything that is kept of one person, as JSON, for whoever asks for their data; no secret is in it."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from directory.chain import parse_values
from directory.commit import commit_plan, in_unit_of
from directory.errors import ForbiddenError, NotFoundError
from directory.model import AccessRole, Actor, RoleId, TenantId, User, UserId
from directory.plan import Event, Plan
from directory.reach import check_within
from directory.store import access, aliases, blocks, entries, people, profiles, timelines
from directory.store.unit import Row

PAGE = 500
SESSIONS_MAX = 10_000
GROUPS_MAX = 10_000
FORMER_NAMES_MAX = 100
LEFT_OUT = "Sessions and sign-in links are left out: the access role of whoever exported this does not cover theirs."


async def record_export(user_id: UserId, *, by: Actor, now: datetime) -> None:
    """Record that somebody is given all that is kept of a person.

    Raises:
        NotFoundError: no such user.
        ForbiddenError: the actor may not manage users.
    """
    by.require("users:manage")

    async def body() -> None:
        user = await people.find_user(by.tenant_id, user_id)
        if user is None:
            raise NotFoundError("user", user_id)
        told = Event(
            action="user:exported",
            subject_kind="user",
            subject_id=user_id,
            subject_label=user.promoted.display_name,
        )
        await commit_plan(Plan(events=(told,)), by=by, now=now)

    await in_unit_of(by, body)


async def each_piece(user_id: UserId, *, by: Actor, now: datetime) -> AsyncIterator[bytes]:
    """Yield one JSON object, piece by piece: who, role, status, ids, groups, sign-ins, events, refused requests.

    Sign-ins tell networks and software: whoever may not act on the person is not told them, but that they are left out.

    Bodies of requests are left out: what they brought is in the events, and what others are named in is theirs.

    Raises:
        NotFoundError: no such user; before the first piece.
    """
    by.require("users:manage")
    tenant_id = by.tenant_id
    user = await people.find_user(tenant_id, user_id)
    if user is None:
        raise NotFoundError("user", user_id)
    roles = {role.role_id: role for role in await access.list_roles(tenant_id, gone=True)}
    whole = {"exported_at": now, **await _person(user, roles), **await _signins(user, roles, by=by)}
    yield msgspec.json.encode(whole, enc_hook=str).removesuffix(b"}")
    async for piece in _list("events", _event_pages(tenant_id, user_id), _event):
        yield piece
    async for piece in _list("refused_requests", _refused_pages(tenant_id, user_id), dict):
        yield piece
    yield b"}\n"


async def _person(user: User, roles: Mapping[RoleId, AccessRole]) -> dict[str, object]:
    tenant_id, user_id = user.tenant_id, user.user_id
    decision = user.decision
    return {
        "user": {
            "id": user_id,
            "source_id": user.source_id,
            "attributes": user.attributes.document,
            "reported_active": user.attributes.active,
            "active": user.active,
            "created_at": user.created_at,
            "modified_at": user.modified_at,
            "version": user.version,
        },
        "role": {
            "name": roles[decision.role_id].name,
            "decision": decision,
            "decided_at": user.decided_at,
            "lock": user.lock,
        },
        "sign_in_block": await blocks.find_block(tenant_id, user_id),
        "former_user_names": await aliases.list_aliases(tenant_id, user_id, limit=FORMER_NAMES_MAX),
        "links": [dict(row) for row in await profiles.list_links(tenant_id, user_id)],
        "groups": [
            {"id": group_id, "name": name} for _, group_id, name in await people.list_groups_of(tenant_id, [user_id])
        ],
    }


async def _signins(user: User, roles: Mapping[RoleId, AccessRole], *, by: Actor) -> dict[str, object]:
    tenant_id, user_id = user.tenant_id, user.user_id
    try:
        check_within(roles[user.decision.role_id], by=by)
    except ForbiddenError:
        return {"sessions": (), "sign_in_links": (), "left_out": LEFT_OUT}
    return {
        "sessions": await entries.list_sessions(tenant_id, user_id, limit=SESSIONS_MAX),
        "sign_in_links": await entries.list_links(tenant_id, user_id, limit=SESSIONS_MAX),
    }


async def _list(
    name: str, pages: AsyncIterator[list[Row]], render: Callable[[Row], Mapping[str, object]]
) -> AsyncIterator[bytes]:
    yield f',"{name}":['.encode()
    comma = b""
    async for page in pages:
        yield comma + b",".join(msgspec.json.encode(render(row), enc_hook=str) for row in page)
        comma = b","
    yield b"]"


async def _event_pages(tenant_id: TenantId, user_id: UserId) -> AsyncIterator[list[Row]]:
    before: UUID | None = None
    while page := await timelines.list_timeline(tenant_id, user_id, None, before=before, limit=PAGE):
        yield page
        before = page[-1]["id"]


async def _refused_pages(tenant_id: TenantId, user_id: UserId) -> AsyncIterator[list[Row]]:
    before: UUID | None = None
    paths = timelines.paths_of(user_id)
    while page := await timelines.list_failed(tenant_id, paths, before=before, limit=PAGE):
        yield page
        before = page[-1]["id"]


def _event(row: Row) -> dict[str, object]:
    values = None if row["document"] is None else parse_values(row["document"])
    return {
        "id": row["id"],
        "at": row["at"],
        "action": row["action"],
        "by": None if values is None else values.actor,
        "about": row["subject_kind"],
        "subject": None if values is None else values.subject,
        "joined": row["joined"],
        "changes": () if values is None else values.changes,
        "request_id": row["request_id"],
    }
