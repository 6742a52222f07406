"""What the store may answer instead of rows, in the same words for both databases."""

from directory.errors import InvalidError, UnavailableError


class StoreError(Exception):
    """Anything the store refuses or cannot do."""


class UniqueViolationError(StoreError):
    """A row like this exists already.

    ``index`` is the name of the unique index on both databases; a primary key is ``<table>_pkey``. Two unique indexes
    over the same columns cannot be told apart on SQLite, so no table has two.
    """

    def __init__(self, table: str, columns: tuple[str, ...], index: str) -> None:
        super().__init__(f"unique index {index} of {table} ({', '.join(columns)})")
        self.table = table
        self.columns = columns
        self.index = index


class ForeignKeyViolationError(StoreError):
    """A row names another one that is not there, or is still named by others."""


class InvalidValueError(StoreError, InvalidError):
    """A value that the database cannot hold: NUL in text, a lone surrogate, an integer beyond 64 bits."""

    def __init__(self, reason: str) -> None:
        InvalidError.__init__(self, "a value", f"cannot be stored: {reason}")


class DatabaseUnavailableError(StoreError, UnavailableError):
    """The database cannot do this now: answer 503. What was not committed is undone."""

    retry_after_s = 5


class ConcurrencyError(DatabaseUnavailableError):
    """Another transaction came first (serialization failure, deadlock, busy): the unit may run again as a whole."""


class GroupFailedError(DatabaseUnavailableError):
    """The shared transaction of a group did not commit; the cause is chained."""


class TransactionLostError(DatabaseUnavailableError):
    """The transaction is over or spoilt: ended by its owner, by the database, or by a failed statement before."""


class NestedUnitError(RuntimeError):
    """A unit of work was opened inside another one, which is a mistake in the program."""


class IsolationError(StoreError):
    """A statement would have touched rows of another tenant, or did not say whose: a mistake in the program."""


class MigrationError(StoreError):
    """A migration did not run; the database is as it was before that migration."""


class SchemaError(StoreError):
    """The database is older or newer than this program."""
