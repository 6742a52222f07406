from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.references import parse_reference, reference_for


@given(st.uuids())
def test_a_reference_is_found_again_however_it_is_typed(request_id: UUID) -> None:
    reference = reference_for(request_id)
    assert len(reference) == 9
    for typed in (reference, reference.lower(), reference.replace("-", ""), f"  {reference} "):
        assert parse_reference(typed) == reference


def test_it_is_made_of_the_last_40_bits() -> None:
    assert reference_for(UUID(int=0)) == "0000-0000"
    assert reference_for(UUID(int=2**40 - 1)) == "ZZZZ-ZZZZ"
    assert reference_for(UUID(int=2**40)) == "0000-0000"
    assert reference_for(UUID(int=33)) == "0000-0011"


def test_lookalikes_are_read_as_the_digit_that_is_meant() -> None:
    assert parse_reference("OoIi-lL10") == "0011-1110"


@pytest.mark.parametrize(
    "text", ["", "ABCD", "ABCD-EFGHJ", "UUUU-UUUU", "0190f0e2-0000-7000-8000-000000000000", "\u017f" * 8]
)
def test_what_is_no_reference_is_none(text: str) -> None:
    assert parse_reference(text) is None
