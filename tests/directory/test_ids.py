"""Ids as times: where the entries of a moment begin among all others."""

from datetime import timedelta
from uuid import UUID

from directory.ids import first_id_at, new_id, time_of_id
from tests.directory.tenant_setup import NOW


def test_ids_begin_with_their_time() -> None:
    first = first_id_at(NOW)

    assert first <= new_id(NOW)
    assert abs(time_of_id(first) - NOW) < timedelta(milliseconds=1)
    assert first_id_at(NOW.replace(year=1)) == UUID(int=0)
    assert time_of_id(UUID(int=(1 << 128) - 1)).year == 9999
