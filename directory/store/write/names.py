"""Writes of user names, many at once."""

from directory.errors import AlreadyExistsError
from directory.model import Actor, User
from directory.names import name_key, words_in
from directory.renames import Alias, RenameUsers
from directory.store.errors import ConcurrencyError, UniqueViolationError
from directory.store.insert import ON_A_THREAD_ROWS, Insert, ManyRows, slices
from directory.store.rows import document_key_text, document_text
from directory.store.tables import columns_of
from directory.store.tables_conversion import AliasRow
from directory.store.tenancy import BY_THE_FIRST
from directory.store.unit import execute
from directory.store.write.users import NAME_KEY_MAX, search_key_of

_TYPES = {
    "tenant_id": "uuid",
    "id": "uuid",
    "before": "bigint",
    "user_name": "text",
    "user_name_key": "text",
    "display_name": "text",
    "display_name_key": "text",
    "search_key": "text",
    "document": "text",
    "document_key": "jsonb",
    "version": "bigint",
    "modified_at": "timestamptz",
}
_SET = ", ".join(f"{name} = n.{name}" for name in _TYPES if name not in {"tenant_id", "id", "before"})
_MATCH = "user_row.tenant_id = n.tenant_id AND user_row.id = n.id AND user_row.version = n.before"
_LISTS = ", ".join(f"${at}::{declared}[]" for at, declared in enumerate(_TYPES.values(), 1))
_CELLS = ", ".join(f"value ->> {at} AS {name}" for at, name in enumerate(_TYPES))
_RENAME = ManyRows(
    tuple(_TYPES.values()),
    named=BY_THE_FIRST,
    postgres=f"UPDATE user_row SET {_SET} FROM unnest({_LISTS}) AS n ({', '.join(_TYPES)}) WHERE {_MATCH}",
    sqlite=f"UPDATE user_row SET {_SET} FROM (SELECT {_CELLS} FROM json_each($1)) AS n WHERE {_MATCH}",
)
WORDS_CHARS_MAX = 300
"""So much of a former name is searched; as much as of the names that are."""

_ALIASES = Insert("alias_row", columns_of(AliasRow))


async def rename_users(change: RenameUsers, by: Actor) -> None:
    """Give users other names; the names they leave match on where that was planned.

    Raises:
        AlreadyExistsError: one of the names is taken.
        ConcurrencyError: one of the users is no longer at the expected version.
    """
    for some in slices(change.renames):
        rows = [_row(one.user, one.expected_version) for one in some]
        try:
            count = await execute(_RENAME, *rows, unbounded=len(rows) >= ON_A_THREAD_ROWS)
            await _ALIASES(_alias_row(one.alias, by) for one in some if one.alias is not None)
        except UniqueViolationError as error:
            names = ", ".join(one.user.attributes.user_name for one in some[:3])
            raise AlreadyExistsError("user", "userName", names) from error
        if count != len(rows):
            raise ConcurrencyError(f"{len(rows) - count} of {len(rows)} users are no longer as they were read")


def _row(user: User, before: int) -> tuple[object, ...]:
    document, display_name = user.attributes.document, user.promoted.display_name
    return (
        user.tenant_id,
        user.user_id,
        before,
        user.attributes.user_name,
        name_key(user.attributes.user_name),
        display_name,
        name_key(display_name)[:NAME_KEY_MAX],
        search_key_of(user),
        document_text(document),
        document_key_text(document),
        user.version,
        user.modified_at,
    )


def _alias_row(alias: Alias, by: Actor) -> tuple[object, ...]:
    words = "".join(f" {word}" for word in words_in(alias.user_name))
    key = name_key(alias.user_name)
    return (by.tenant_id, key, alias.user_name, alias.user_id, alias.until, alias.reason, words[:WORDS_CHARS_MAX])
