"""Sealed values open for their place only, with a key of the ring."""

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.key_ring import KeyRing, KeyRingError, Place, new_key_text, parse_keys

OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)
PLACE = Place("factor_row", "tenant", "row", "sealed")


def test_what_was_sealed_opens_again() -> None:
    ring = KeyRing([NEW])

    sealed = ring.seal("GEZDGNBV", PLACE)

    assert sealed.startswith(f"v1.{ring.names[0]}.")
    assert "GEZDGNBV" not in sealed
    assert ring.open(sealed, PLACE) == "GEZDGNBV"


def test_the_same_text_is_sealed_in_another_way_each_time() -> None:
    ring = KeyRing([NEW])
    assert ring.seal("x", PLACE) != ring.seal("x", PLACE)


@pytest.mark.parametrize(
    "place",
    [
        Place("other_row", "tenant", "row", "sealed"),
        Place("factor_row", "other", "row", "sealed"),
        Place("factor_row", "tenant", "other", "sealed"),
        Place("factor_row", "tenant", "row", "other"),
        Place("factor_ro", "wtenant", "row", "sealed"),
    ],
)
def test_a_value_that_was_moved_does_not_open(place: Place) -> None:
    ring = KeyRing([NEW])
    with pytest.raises(KeyRingError, match="belongs elsewhere"):
        ring.open(ring.seal("x", PLACE), place)


def test_older_keys_of_the_ring_still_open_and_the_newest_seals() -> None:
    before, after = KeyRing([OLD]), KeyRing([NEW, OLD])

    assert after.open(before.seal("x", PLACE), PLACE) == "x"
    assert after.seal("x", PLACE).split(".")[1] == after.names[0] == KeyRing([NEW]).names[0]


def test_without_its_key_a_value_stays_shut() -> None:
    with pytest.raises(KeyRingError, match="not on the ring"):
        KeyRing([NEW]).open(KeyRing([OLD]).seal("x", PLACE), PLACE)


@given(at=st.integers(min_value=0), turn=st.integers(1, 11))
def test_a_changed_value_does_not_open(at: int, turn: int) -> None:
    ring, letters = KeyRing([NEW]), "ABCxyz019.-_"
    sealed = ring.seal("GEZDGNBV", PLACE)
    at %= len(sealed) - 1  # the last digit of base 64 has bits that say nothing
    other = letters[(letters.find(sealed[at]) + turn) % len(letters)]

    with pytest.raises(KeyRingError):
        ring.open(sealed[:at] + other + sealed[at + 1 :], PLACE)


@given(st.text(max_size=80))
def test_what_is_no_sealed_value_is_refused_in_words(text: str) -> None:
    with pytest.raises(KeyRingError):
        KeyRing([NEW]).open(text, PLACE)


def test_a_tag_proves_that_this_server_wrote_the_message_for_this_purpose() -> None:
    ring = KeyRing([NEW])
    tag = ring.tag("device", "rosa")

    assert KeyRing([OLD, NEW]).is_tag("device", "rosa", tag)
    assert not ring.is_tag("device", "ann", tag)
    assert not ring.is_tag("other", "rosa", tag)
    assert not KeyRing([OLD]).is_tag("device", "rosa", tag)
    assert not ring.is_tag("device", "rosa", "\udcff")


def test_keys_are_read_as_they_are_written() -> None:
    words = [NEW.hex(), base64.b64encode(NEW).decode(), base64.urlsafe_b64encode(NEW).decode().rstrip("=")]

    assert {parse_keys(word).names for word in words} == {KeyRing([NEW]).names}
    assert parse_keys(f" {NEW.hex()}\n{OLD.hex()} ").names == KeyRing([NEW, OLD]).names
    assert parse_keys("a long sentence".replace(" ", "-") + "-that-nobody-knows-at-all-1234").names


@pytest.mark.parametrize("text", ["", "short", "00" * 32, "a" * 64, "ab" * 12])
def test_a_weak_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(KeyRingError) as refused:
        parse_keys(text)
    assert not text or text not in str(refused.value)


def test_a_new_key_is_strong_enough() -> None:
    assert parse_keys(new_key_text()).names != parse_keys(new_key_text()).names


def test_a_ring_never_shows_its_keys() -> None:
    ring = KeyRing([NEW])
    assert NEW.hex() not in repr(ring)
    assert not any(part in repr(vars(ring)) for part in (repr(NEW), NEW.hex()))
