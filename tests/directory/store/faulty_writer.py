"""A SQLite connection that fails where a test says so, as a full disk or a broken one would."""

import sqlite3
from collections.abc import Sequence
from typing import Any


class FaultyWriter:
    """Passes everything on to a real connection, but for statements that begin with one of ``failing``."""

    def __init__(self, connection: sqlite3.Connection, *failing: str, lose: bool = False) -> None:
        """``lose`` rolls the whole transaction back before failing, as SQLite does when the disk is full."""
        self._connection = connection
        self._failing = failing
        self._lose = lose
        self.failures = 0

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, sql: str, args: Sequence[Any] = ()) -> sqlite3.Cursor:
        if sql.startswith(self._failing):
            self.failures += 1
            if self._lose:
                self._connection.execute("ROLLBACK")
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            error.sqlite_errorname = "SQLITE_IOERR"
            raise error
        return self._connection.execute(sql, args)

    def interrupt(self) -> None:
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()
