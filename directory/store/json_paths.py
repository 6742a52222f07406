"""How each database reads into a JSON document; names come from schemas and are checked, values are bound."""

import re
from dataclasses import dataclass
from typing import Protocol

from directory.errors import InvalidError

Path = tuple[str, ...]
_NAME = re.compile(r"[A-Za-z0-9:._$-]+")


class JsonReader(Protocol):
    """Expressions over a document column; a path names attribute, then part."""

    @property
    def collation(self) -> str:
        """What makes texts compare by code point."""

    def text(self, column: str, path: Path) -> str:
        """Return the text at a path, or NULL."""

    def is_true(self, column: str, path: Path) -> str:
        """Return whether true stands at a path."""

    def elements(self, column: str, path: Path) -> str:
        """Return a table ``e`` of the elements of a list, in its column ``value``."""

    def first(self, column: str, path: Path, part: str | None) -> str:
        """Return the text of the primary element of a list, else of the first, or of a part of it."""

    def moment(self, column: str) -> str:
        """Return a time as text that sorts like it."""


def checked(path: Path) -> Path:
    """Return the path if it can stand in a statement.

    Raises:
        InvalidError: a name that is no attribute name (RFC 7643 section 2.1).
    """
    for name in path:
        if _NAME.fullmatch(name) is None:
            raise InvalidError(".".join(path), "is no attribute that can be searched by")
    return path


@dataclass(frozen=True, slots=True)
class PostgresReader:
    """jsonb functions."""

    collation: str = ' COLLATE "C"'

    def text(self, column: str, path: Path) -> str:
        """Return the text at a path, or NULL; an empty path is the value itself."""
        names = "{" + ",".join(f'"{name}"' for name in checked(path)) + "}"
        return f"({column}::jsonb #>> '{names}')"

    def is_true(self, column: str, path: Path) -> str:
        """Return whether true stands at a path."""
        return f"{self.text(column, path)} = 'true'"

    def elements(self, column: str, path: Path) -> str:
        """Return the elements; something that is no list counts as one."""
        return f"jsonb_path_query({column}::jsonb, '${_dotted(path)}[*]') AS e (value)"

    def first(self, column: str, path: Path, part: str | None) -> str:
        """Return the text of the primary element, else of the first, or of a part of it."""
        if part is None:
            return self.text(column, (*path, "0"))
        primary = f"'${_dotted(path)}[*] ? (@.primary == true){_dotted((part,))}'"
        found = f"(jsonb_path_query_first({column}::jsonb, {primary}) #>> '{{}}')"
        return f"coalesce({found}, {self.text(column, (*path, '0', part))})"

    def moment(self, column: str) -> str:
        """Return a time in UTC without zone."""
        return f"({column} AT TIME ZONE 'UTC')::text"


@dataclass(frozen=True, slots=True)
class SQLiteReader:
    """SQLite's JSON functions, over text."""

    collation: str = ""

    def text(self, column: str, path: Path) -> str:
        """Return the text at a path, or NULL; an empty path is the value itself."""
        return f"json_extract({column}, '${_dotted(path)}')" if path else column

    def is_true(self, column: str, path: Path) -> str:
        """Return whether true stands at a path: ``json_extract`` gives 1 for it."""
        return f"{self.text(column, path)} IN (1, 'true')"

    def elements(self, column: str, path: Path) -> str:
        """Return the elements."""
        return f"json_each({column}, '${_dotted(path)}') AS e"

    def first(self, column: str, path: Path, part: str | None) -> str:
        """Return the text of the primary element, else of the first, or of a part of it."""
        if part is None:
            return f"json_extract({column}, '${_dotted(path)}[0]')"
        inner = f"json_extract(p.value, '${_dotted((part,))}')"
        primary = f"json_each({column}, '${_dotted(path)}') AS p WHERE json_extract(p.value, '$.primary') = 1"
        first = f"json_extract({column}, '${_dotted(path)}[0]{_dotted((part,))}')"
        return f"coalesce((SELECT {inner} FROM {primary} LIMIT 1), {first})"

    def moment(self, column: str) -> str:
        """Return the stored text of a time; as an expression, so that the driver does not make a time of it."""
        return f"substr({column}, 1)"


def _dotted(path: Path) -> str:
    return "".join(f'."{name}"' for name in checked(path))


READERS: dict[str, JsonReader] = {"postgres": PostgresReader(), "sqlite": SQLiteReader()}
