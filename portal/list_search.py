"""What the address of a list asks for: filters and sorting, and the addresses of its other views."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from portal.forms import parse_uuid

TEXT_CHARS_MAX = 200
BESIDE = frozenset({"after", "before", "done", "bom"})
"""Parameters that are no part of what is looked for."""

ChoiceT = TypeVar("ChoiceT", bound=str)


class ListSearch:
    """Reads parameters; one that cannot be read is named in ``unread`` and never widens the list unseen."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self.params = {name: value for name, value in params.items() if value and name not in BESIDE}
        self.unread: list[str] = []
        self.narrowed = False

    def text(self, name: str) -> str:
        """Return free text."""
        value = self.params.get(name, "").strip()
        if not value.isprintable() or len(value) > TEXT_CHARS_MAX:
            self._drop(name)
            return ""
        self.narrowed |= bool(value)
        return value

    def choice(self, name: str, allowed: Sequence[ChoiceT]) -> ChoiceT | None:
        """Return one of ``allowed``, or None for all."""
        value = self.params.get(name)
        found = next((option for option in allowed if option == value), None)
        if value is not None and found is None:
            self._drop(name)
        self.narrowed |= found is not None
        return found

    def ident(self, name: str, known: Collection[UUID]) -> UUID | None:
        """Return one of the ``known`` ids, or None for all."""
        value = self.params.get(name)
        found = None if value is None else parse_uuid(value)
        if value is not None and found not in known:
            self._drop(name)
            return None
        self.narrowed |= found is not None
        return found

    def any_ident(self, name: str) -> UUID | None:
        """Return an id, or None for all; one that names nothing finds nothing."""
        value = self.params.get(name)
        found = None if value is None else parse_uuid(value)
        if value is not None and found is None:
            self._drop(name)
        self.narrowed |= found is not None
        return found

    def sort(self, name: str, allowed: Sequence[ChoiceT]) -> ChoiceT:
        """Return what to sort by, the first of ``allowed`` unless said; it narrows nothing."""
        narrowed = self.narrowed
        found = self.choice(name, allowed) or allowed[0]
        self.narrowed = narrowed
        return found

    def query(self, *without: str, **changed: str) -> str:
        """Return the query text of this list with some parameters taken out or changed."""
        kept = {name: value for name, value in self.params.items() if name not in without}
        return urlencode({name: value for name, value in {**kept, **changed}.items() if value})

    def _drop(self, name: str) -> None:
        self.params.pop(name, None)
        self.unread.append(name)
