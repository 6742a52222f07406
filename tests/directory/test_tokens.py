import zlib

from hypothesis import given
from hypothesis import strategies as st

from directory.tokens import (
    DIGITS,
    LENGTH_MAX,
    PATTERN,
    checksum_for,
    digest_of,
    in_base62,
    is_key,
    new_key,
    new_secret_token,
    public_id_of,
)

characters = st.sampled_from(DIGITS)


def in_tens(text: str) -> int:
    number = 0
    for digit in text:
        number = number * 62 + DIGITS.index(digit)
    return number


def test_a_new_token_has_the_published_form_and_knows_its_public_id() -> None:
    token = new_secret_token()
    assert PATTERN.fullmatch(token.text)
    assert len(token.text) == 66
    assert public_id_of(token.text) == token.public_id


def test_tokens_do_not_repeat() -> None:
    tokens = [new_secret_token() for _ in range(200)]
    assert len({token.text for token in tokens}) == len({token.public_id for token in tokens}) == 200


def test_a_token_does_not_show_itself_in_logs() -> None:
    token = new_secret_token()
    assert token.text not in repr(token)


@given(position=st.integers(0, 65), replacement=characters)
def test_one_changed_character_is_noticed_by_the_checksum(position: int, replacement: str) -> None:
    text = new_secret_token().text
    changed = text[:position] + replacement + text[position + 1 :]
    assert (public_id_of(changed) is not None) == (changed == text)


@given(st.text(max_size=LENGTH_MAX * 2))
def test_no_other_text_is_a_token(text: str) -> None:
    assert public_id_of(text) is None
    assert public_id_of("rbk_s_" + text) is None


def test_what_is_too_long_is_refused_before_it_is_looked_at() -> None:
    text = new_secret_token().text
    assert public_id_of(text + "x" * LENGTH_MAX) is None
    assert public_id_of(text + "\n") is None


@given(st.integers(0, 2**256 - 1))
def test_base_62_keeps_every_number_of_256_bits_in_43_digits(number: int) -> None:
    text = in_base62(number, 43)
    assert len(text) == 43
    assert in_tens(text) == number


@given(st.text(alphabet=DIGITS))
def test_the_checksum_is_the_crc_32(text: str) -> None:
    assert in_tens(checksum_for(text)) == zlib.crc32(text.encode())


def test_a_key_is_43_letters_and_digits() -> None:
    assert is_key(new_key())
    assert new_key() != new_key()


@given(st.text(max_size=60))
def test_a_text_that_cannot_be_a_key_is_told_apart(text: str) -> None:
    assert is_key(text) == (len(text) == 43 and all(character in DIGITS for character in text))


def test_a_digest_says_nothing_of_its_token() -> None:
    token = new_secret_token().text
    assert len(digest_of(token)) == 64
    assert digest_of(token) == digest_of(token)
    assert digest_of(token) != digest_of(token[:-1])
