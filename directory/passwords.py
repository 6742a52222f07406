"""Which passwords may be set: long enough, and not among the first that anybody would try."""

import re
import unicodedata
from collections.abc import Collection

from directory.common_passwords import COMMON, WORDS
from directory.errors import InvalidError

LENGTH_MIN = 12
LENGTH_MAX = 128
SAME_MAX = 4
"""A password of fewer different characters is a pattern."""

_ROWS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop")
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_AS_LETTERS = str.maketrans("@4013$5!7", "aaoiessit")


def plain_password(text: str) -> str:
    """Return a password as it is hashed: two ways to type the same letter are one (NIST SP 800-63B, NFKC)."""
    return unicodedata.normalize("NFKC", text)


def check_password(password: str, *, names: Collection[str] = ()) -> None:
    """Refuse a password that could be guessed in a few tries; ``names`` are the person's and the tenant's.

    There are no rules of composition: they make passwords alike.

    Raises:
        InvalidError: says what to do better.
    """
    length = len(plain_password(password))
    if length < LENGTH_MIN:
        raise InvalidError("password", f"must have at least {LENGTH_MIN} characters: a few words make a good one")
    if length > LENGTH_MAX:
        raise InvalidError("password", f"must have at most {LENGTH_MAX} characters")
    if is_common(password):
        raise InvalidError("password", "is one of those that are tried first: choose another")
    if is_made_of(password, names):
        raise InvalidError("password", "is little more than a name that others know: choose another")


def is_common(password: str) -> bool:
    """Whether a password is a known one, a pattern, or common words with digits and signs around them."""
    folded = plain_password(password).casefold()
    if folded in COMMON or len(set(folded)) <= SAME_MAX or is_sequence(folded):
        return True
    return is_repeated(folded) or is_made_of(folded, WORDS)


def is_repeated(text: str) -> bool:
    """Whether a text is a shorter one over and over."""
    return text in (text + text)[1:-1]


def is_sequence(text: str) -> bool:
    """Whether a text follows the alphabet, the digits or a row of keys, forth or back, from wherever it starts."""
    for row in _ROWS:
        round_and_round = row * (len(text) // len(row) + 2)
        if text in round_and_round or text in round_and_round[::-1]:
            return True
    return False


def is_made_of(password: str, words: Collection[str]) -> bool:
    """Whether nothing is left of a password but digits and signs when the words are taken out of it."""
    folded = plain_password(password).casefold()
    parts = {part for word in words for part in (word.casefold(), *re.split(r"[^\w]+", word.casefold()))}
    longest_first = sorted((part for part in parts if len(part) > 2), key=len, reverse=True)
    if not longest_first:
        return False
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return any(
        pattern.search(spelt) is not None and not any(letter.isalpha() for letter in pattern.sub("", spelt))
        for spelt in (folded, _EDGES.sub("", folded).translate(_AS_LETTERS))
    )
