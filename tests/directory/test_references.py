from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.ids import first_id_at
from directory.references import ids_referred, parse_reference, reference_for

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@given(st.uuids())
def test_a_reference_is_found_again_however_it_is_typed(request_id: UUID) -> None:
    reference = reference_for(request_id)
    assert len(reference) == 9
    for typed in (reference, reference.lower(), reference.replace("-", ""), f"  {reference} "):
        assert parse_reference(typed) == reference


@given(st.integers(0, 2**47), st.integers(0, 98 * 86_400_000))
def test_it_leads_to_the_millisecond_of_its_request_for_98_days(at_ms: int, later_ms: int) -> None:
    request_id = UUID(int=at_ms << 80 | 0x7123 << 64 | 1 << 63)
    newest = UUID(int=min(at_ms + later_ms, 2**48 - 1) << 80 | 2**80 - 1)

    first, end = ids_referred(reference_for(request_id), newest)

    assert first <= request_id < end
    assert end.int - first.int == 1 << 80


def test_the_first_128_ids_of_a_millisecond_have_references_of_their_own() -> None:
    first = first_id_at(NOON).int | 0x7000 << 64
    references = {reference_for(UUID(int=first + (count << 64))) for count in range(128)}
    assert len(references) == 128


def test_neighbours_look_nothing_alike() -> None:
    one, next_one = (reference_for(first_id_at(NOON + timedelta(milliseconds=count))) for count in (0, 1))
    assert sum(letter == other for letter, other in zip(one, next_one, strict=True)) < 5


def test_lookalikes_are_read_as_the_digit_that_is_meant() -> None:
    assert parse_reference("OoIi-lL10") == "0011-1110"


@pytest.mark.parametrize(
    "text", ["", "ABCD", "ABCD-EFGHJ", "UUUU-UUUU", "0190f0e2-0000-7000-8000-000000000000", "\u017f" * 8]
)
def test_what_is_no_reference_is_none(text: str) -> None:
    assert parse_reference(text) is None
