"""Writes of users: their row, links, e-mails, locks and role decisions."""

from collections import Counter

from directory.errors import AlreadyExistsError
from directory.model import Actor, Decision, User, UserId
from directory.names import name_key
from directory.person import emails_of
from directory.plan import DecideRoles, EndSignins, EndUser, JoinGroups, PutLock, PutUser
from directory.store.compiled import Statement
from directory.store.errors import ConcurrencyError
from directory.store.insert import ON_A_THREAD_ROWS, Insert, slices
from directory.store.rows import document_key_text, document_text
from directory.store.tables import EmailRow, MemberRow, UserLinkRow, UserRow, columns_of
from directory.store.together import Together
from directory.store.unit import execute, fetch, fetch_one

_ENDS = {"deleted_at", "reported_deleted_at", "erased_at"}
_COLUMNS = {name: declared for name, declared in columns_of(UserRow).items() if name not in _ENDS}
_INSERT = Insert("user_row", _COLUMNS)
NAME_KEY_MAX = 500
"""Characters that a list is sorted by; an index entry cannot hold every display name."""

_ROLE_COLUMNS = {
    "source_id",
    "role_id",
    "origin",
    "decided_group_id",
    "unlocked_role_id",
    "unlocked_group_id",
    "decided_at",
    "decided_request_id",
}
_USER_NAME_COLUMNS = {"user_name", "user_name_key"}
_DISPLAY_NAME_COLUMNS = {"display_name", "display_name_key"}
_CHANGED = [name for name in _COLUMNS if name not in {"tenant_id", "id", "created_at"}]


class _Update:
    """The statement that replaces a user but for some columns: most edits leave five of the six indexes alone."""

    def __init__(self, *kept: set[str], revives: bool = False) -> None:
        left = set[str]().union(*kept)
        self.at = [at for at, name in enumerate(_COLUMNS) if name in _CHANGED and name not in left]
        names = [name for name in _CHANGED if name not in left]
        sets = ", ".join(f"{name} = ${at}::{_COLUMNS[name]}" for at, name in enumerate(names, 4))
        self.statement = Statement(
            f"UPDATE user_row SET {'deleted_at = NULL, ' if revives else ''}{sets}"
            " WHERE tenant_id = $1::uuid AND id = $2::uuid AND version = $3::bigint"
        )


_UPDATES = {
    "nothing": _Update(revives=True),
    "role": _Update(_ROLE_COLUMNS),
    "user name": _Update(_ROLE_COLUMNS, _USER_NAME_COLUMNS),
    "both names": _Update(_ROLE_COLUMNS, _USER_NAME_COLUMNS, _DISPLAY_NAME_COLUMNS),
}
_END = Statement(
    "UPDATE user_row SET deleted_at = $4::timestamptz, modified_at = $4::timestamptz, active = $5::boolean,"
    " reported_deleted_at = NULL, version = version + 1"
    " WHERE tenant_id = $1::uuid AND id = $2::uuid AND version = $3::bigint"
)
_LEAVE_ALL = Statement("DELETE FROM member_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid")
_COUNT_DOWN = Statement(
    "UPDATE group_row SET member_count = member_count - 1, version = version + 1, modified_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])"
)
# Whoever holds the id gives it up only if it is deleted: then it can no longer come back under it.
_LINK = Statement(
    "INSERT INTO user_link_row (tenant_id, source_id, external_id, user_id)"
    " VALUES ($1::uuid, $2::uuid, $3::text, $4::uuid) ON CONFLICT (tenant_id, source_id, external_id)"
    " DO UPDATE SET user_id = excluded.user_id WHERE user_link_row.user_id = excluded.user_id OR EXISTS ("
    "SELECT 1 FROM user_row u WHERE u.tenant_id = user_link_row.tenant_id AND u.id = user_link_row.user_id"
    " AND u.deleted_at IS NOT NULL) RETURNING user_id"
)
_NEW_LINK = Insert("user_link_row", columns_of(UserLinkRow))
_UNLINK = Statement(
    "DELETE FROM user_link_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND external_id = $3::text"
    " AND user_id = $4::uuid"
)
_FORGET_EMAILS = Statement("DELETE FROM email_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid")
_FORGET_LABELS = Statement(
    "UPDATE member_row SET label = NULL WHERE tenant_id = $1::uuid AND user_id = $2::uuid AND label IS NOT NULL"
)
_EMAILS = Insert("email_row", columns_of(EmailRow))
_DECIDE = Statement(
    "UPDATE user_row SET role_id = $3::uuid, origin = $4::text, decided_group_id = $5::uuid,"
    " unlocked_role_id = $6::uuid, unlocked_group_id = $7::uuid, decided_at = $8::timestamptz,"
    " decided_request_id = $9::uuid WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])"
)
_LOCK = Statement(
    "INSERT INTO lock_row (tenant_id, user_id, role_id, reason, owner, created_at, until)"
    " VALUES ($1::uuid, $2::uuid, $3::uuid, $4::text, $5::text, $6::timestamptz, $7::timestamptz)"
    " ON CONFLICT (tenant_id, user_id) DO UPDATE SET role_id = excluded.role_id, reason = excluded.reason,"
    " owner = excluded.owner, created_at = excluded.created_at, until = excluded.until"
)
_UNLOCK = Statement("DELETE FROM lock_row WHERE tenant_id = $1::uuid AND user_id = $2::uuid")
# Whoever is reported anew did not leave after all.
_JOIN = Insert(
    "member_row",
    columns_of(MemberRow),
    "ON CONFLICT (tenant_id, group_id, user_id) DO UPDATE SET gone = false WHERE member_row.gone RETURNING group_id",
)
_STOP_WAITING = Statement(
    "DELETE FROM waiting_row WHERE tenant_id = $1::uuid AND group_id = ANY($2::uuid[]) AND value = ANY($3::text[])"
)
_COUNT_JOINED = Statement(
    "UPDATE group_row SET member_count = member_count + 1 WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])"
)
_COUNT_WAITING = Statement(
    "UPDATE group_row SET waiting_count = waiting_count - $3::bigint, version = version + 1,"
    " modified_at = $4::timestamptz WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])"
)
_END_SESSIONS = Statement(
    "UPDATE web_session_row SET ended_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND user_id = $2::uuid AND ended_at IS NULL"
)
_END_LINKS = Statement(
    "UPDATE signin_link_row SET used_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND user_id = $2::uuid AND used_at IS NULL"
)
_END_STEPS = Statement(
    "UPDATE signin_step_row SET used_at = $3::timestamptz"
    " WHERE tenant_id = $1::uuid AND user_id = $2::uuid AND used_at IS NULL"
)


def add_user(change: PutUser, writes: Together) -> None:
    """Have a new user stored, with its link and e-mails; of many who are added, all with the same statements."""
    user = change.user
    _refuse_taken(user, writes)
    writes.add(_INSERT, [_values(user)], beside=True)
    external_id = user.attributes.external_id
    if user.source_id is not None and external_id is not None:
        writes.add(_NEW_LINK, [(user.tenant_id, user.source_id, external_id, user.user_id)], beside=True)
    writes.add(_EMAILS, _email_rows(user), beside=True)


async def put_user(change: PutUser, writes: Together) -> None:
    """Have a user replaced; its link, labels and e-mails, where they change, at once.

    Raises:
        AlreadyExistsError: the user name or the externalId is taken.
        ConcurrencyError: the user is no longer at the expected version.
    """
    user = change.user
    update, values = _UPDATES[change.keeps], _values(user)
    changed = [values[at] for at in update.at]
    _refuse_taken(user, writes)
    moved = ConcurrencyError(f"user {user.user_id} is no longer at version {change.expected_version}")
    writes.require(update.statement, user.tenant_id, user.user_id, change.expected_version, *changed, otherwise=moved)
    if user.attributes.external_id != change.external_id_before:
        await writes.send()
        await _put_link(user, change.external_id_before)
    if change.renamed:
        writes.also(_FORGET_LABELS, user.tenant_id, user.user_id)
    if change.emails_changed:
        await writes.send()
        await execute(_FORGET_EMAILS, user.tenant_id, user.user_id)
        await _EMAILS(_email_rows(user))


def _refuse_taken(user: User, writes: Together) -> None:
    writes.refuse("user_name_unique", AlreadyExistsError("user", "userName", user.attributes.user_name))
    writes.refuse("user_link_row_pkey", AlreadyExistsError("user", "externalId", str(user.attributes.external_id)))


def _values(user: User) -> tuple[object, ...]:
    attributes, promoted, decision = user.attributes, user.promoted, user.decision
    return (
        user.tenant_id,
        user.user_id,
        user.source_id,
        attributes.user_name,
        name_key(attributes.user_name),
        promoted.display_name,
        name_key(promoted.display_name)[:NAME_KEY_MAX],
        search_key_of(user),
        promoted.email,
        promoted.department,
        promoted.title,
        promoted.manager_ref,
        document_text(attributes.document),
        document_key_text(attributes.document),
        attributes.active,
        user.active,
        decision.role_id,
        decision.origin,
        decision.group_id,
        decision.unlocked_role_id,
        decision.unlocked_group_id,
        user.decided_at,
        user.decided_request_id,
        user.version,
        user.created_at,
        user.modified_at,
    )


def search_key_of(user: User) -> str:
    """Return what a user is found by: display name, user name and e-mail, a line each."""
    promoted = user.promoted
    return name_key("\n".join((promoted.display_name, user.attributes.user_name, promoted.email or "")))


async def _put_link(user: User, before: str | None) -> None:
    external_id = user.attributes.external_id
    if user.source_id is None or external_id == before:
        return
    if before is not None:
        await execute(_UNLINK, user.tenant_id, user.source_id, before, user.user_id)
    if external_id is None:
        return
    if await fetch_one(_LINK, user.tenant_id, user.source_id, external_id, user.user_id) is None:
        raise AlreadyExistsError("user", "externalId", external_id)


def _email_rows(user: User) -> list[tuple[object, ...]]:
    return [
        (user.tenant_id, user.user_id, position, None if kind is None else name_key(kind), name_key(value))
        for position, (kind, value) in enumerate(emails_of(user.attributes))
    ]


async def end_user(change: EndUser, by: Actor) -> None:
    """Turn a user into a tombstone and end its memberships."""
    count = await execute(_END, by.tenant_id, change.user_id, change.expected_version, change.at, False)  # noqa: FBT003  # a column's value
    if count != 1:
        raise ConcurrencyError(f"user {change.user_id} is no longer at version {change.expected_version}")
    if change.left_group_ids or change.held:
        await execute(_LEAVE_ALL, by.tenant_id, change.user_id)
    if change.left_group_ids:
        await execute(_COUNT_DOWN, by.tenant_id, list(change.left_group_ids), change.at)


def end_signins(change: EndSignins, by: Actor, writes: Together) -> None:
    """Have the web sessions, unused links and sign-ins half way of a user ended."""
    writes.also(_END_SESSIONS, by.tenant_id, change.user_id, change.at)
    writes.also(_END_LINKS, by.tenant_id, change.user_id, change.at)
    writes.also(_END_STEPS, by.tenant_id, change.user_id, change.at)


async def join_groups(change: JoinGroups, by: Actor) -> None:
    """Make a user a member of the groups that waited for it, and stop them waiting."""
    waits = Counter(group_id for group_id, _ in change.waiting)
    joined = await _JOIN(
        [
            (by.tenant_id, group_id, change.user_id, change.at, None, False, group_id in change.withheld)
            for group_id in waits
        ]
    )
    await fetch(_COUNT_JOINED, by.tenant_id, [row["group_id"] for row in joined])
    await execute(_STOP_WAITING, by.tenant_id, list(waits), sorted({value for _, value in change.waiting}))
    for count in sorted(set(waits.values())):
        group_ids = [group_id for group_id, waited in waits.items() if waited == count]
        await execute(_COUNT_WAITING, by.tenant_id, group_ids, count, change.at)


async def decide_roles(change: DecideRoles, by: Actor) -> None:
    """Store decisions: one statement for all users who get the same one."""
    alike: dict[Decision, list[UserId]] = {}
    for user_id, decision in change.decisions:
        alike.setdefault(decision, []).append(user_id)
    request_id = None if by.request is None else by.request.request_id
    for decision, some in ((decision, some) for decision, user_ids in alike.items() for some in slices(user_ids)):
        await execute(
            _DECIDE,
            by.tenant_id,
            some,
            decision.role_id,
            decision.origin,
            decision.group_id,
            decision.unlocked_role_id,
            decision.unlocked_group_id,
            change.at,
            request_id,
            unbounded=len(some) >= ON_A_THREAD_ROWS,
        )


async def put_lock(change: PutLock, by: Actor) -> None:
    """Set, replace or lift the lock of a user's role."""
    lock = change.lock
    if lock is None:
        await execute(_UNLOCK, by.tenant_id, change.user_id)
        return
    await execute(
        _LOCK,
        by.tenant_id,
        change.user_id,
        lock.role_id,
        lock.reason,
        lock.owner,
        lock.created_at,
        lock.until,
    )
