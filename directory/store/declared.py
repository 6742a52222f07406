"""The declared columns of the tables that operators change."""

from collections.abc import Mapping
from functools import lru_cache

from piccolo.table import TABLE_REGISTRY

from directory.store import (
    tables,
    tables_configure,
    tables_equipment,
    tables_equipment_keys,
    tables_guard,
    tables_outbox,
    tables_pulls,
    tables_reports,
    tables_roles,
    tables_routing,
)
from directory.store.tables import columns_of

_TABLES = (
    tables,
    tables_configure,
    tables_equipment,
    tables_equipment_keys,
    tables_guard,
    tables_outbox,
    tables_pulls,
    tables_reports,
    tables_routing,
    tables_roles,
)
_MODULES = {one.__name__ for one in _TABLES}


@lru_cache(maxsize=64)
def declared_of(table: str) -> Mapping[str, str]:
    """Return the columns of a table with their declared types."""
    found = next(one for one in TABLE_REGISTRY if one.__module__ in _MODULES and one._meta.tablename == table)  # noqa: SLF001  # no other way
    return columns_of(found)
