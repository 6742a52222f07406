"""What an exported list was narrowed by, in words that name nobody."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from portal.forms import parse_uuid

LABELS: Mapping[str, str] = MappingProxyType({"q": "Search", "role": "Access role", "by": "By", "run": "Pull"})
WHOM = frozenset({"q", "target", "operator", "text"})
"""Parameters that people fill with names and addresses of people: that one was used is told, not what it said."""

FIELD = "f."
"""Before the key of a field, whose values may tell of one person."""

LAYOUT = frozenset({"sort", "dir", "size"})


def narrowed_by(params: Mapping[str, str], names: Mapping[UUID, str] = MappingProxyType({})) -> str:
    """Return the filters of an address in words; empty when it narrows nothing.

    Ids of roles and connections are told by the names in ``names``, other ids not at all.
    """
    return " · ".join(_told(name, value, names) for name, value in params.items() if name not in LAYOUT)


def _told(name: str, value: str, names: Mapping[UUID, str]) -> str:
    label = LABELS.get(name, name.removeprefix(FIELD).replace("-", " ").capitalize())
    ident = parse_uuid(value)
    if name in WHOM or name.startswith(FIELD) or (ident is not None and ident not in names):
        return label
    return f"{label}: {value if ident is None else names[ident]}"
