"""Which passwords may be set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.common_passwords import COMMON
from directory.errors import InvalidError
from directory.passwords import LENGTH_MAX, LENGTH_MIN, check_password, is_common, is_made_of, plain_password

NAMES = ("rosa.diaz@northwind.example", "Rosa Diaz", "Northwind")


@pytest.mark.parametrize(
    "password",
    [
        "plum canoe orbit",
        "sieben zwerge im wald",
        "kxvq 8 m 2 zz!p",
        "rosa likes plum cake",
        "密码很长而且没有人知道它是什么",
        "correct-horse-orbit",
        "x" + "ab1 " * 30 + "plum",
    ],
)
def test_a_few_words_are_a_good_password(password: str) -> None:
    check_password(password, names=NAMES)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "password1234",
        "PassWord!!2024",
        "P@ssw0rd!2024",
        "Winter2024!Winter",
        "abcabcabcabc",
        "aaaaaaaaaaaaaa",
        "12345678901234",
        "abcdefghijklmn",
        "nmlkjihgfedcba",
        "qwertyuiopqwerty",
        "\uff50assword12345",
    ],
)
def test_what_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(InvalidError, match="tried first"):
        check_password(password)


@pytest.mark.parametrize("password", ["Northwind2024!!", "rosa.diaz.2024", "RosaDiaz-1990", "northwind-rosa-1"])
def test_a_password_is_more_than_names_that_others_know(password: str) -> None:
    check_password(password)
    with pytest.raises(InvalidError, match="name that others know"):
        check_password(password, names=NAMES)


@pytest.mark.parametrize(("password", "words"), [("plum canoe", "at least 12"), ("plum " * 40, "at most 128")])
def test_length_is_the_only_rule_of_form(password: str, words: str) -> None:
    with pytest.raises(InvalidError, match=words):
        check_password(password)


def test_every_listed_password_is_long_enough_to_be_chosen_and_is_refused() -> None:
    assert {password for password in COMMON if len(password) < LENGTH_MIN} == set()
    assert all(is_common(password) for password in COMMON)


@given(st.text(max_size=200))
def test_whatever_is_typed_is_taken_or_refused_with_words(password: str) -> None:
    length = len(plain_password(password))
    fits = LENGTH_MIN <= length <= LENGTH_MAX
    if fits and not is_common(password) and not is_made_of(password, NAMES):
        check_password(password, names=NAMES)
        return
    with pytest.raises(InvalidError) as refused:
        check_password(password, names=NAMES)
    assert refused.value.attribute == "password"


def test_two_ways_to_type_a_letter_are_one_password() -> None:
    assert plain_password("cafe\u0301 orbit plum") == plain_password("caf\u00e9 orbit plum")
