"""Keys under which names are unique and found, whatever their case or composition."""

import unicodedata


def name_key(text: str) -> str:
    """Return the key of a name: NFKC, case-folded, without surrounding blanks.

    RFC 7644 section 5 asks for PRECIS; NFKC with case folding gives the same equality for what providers send. It is
    applied twice, because folding can undo the composition.
    """
    if text.isascii():  # nothing to compose, and one case folding
        return text.lower().strip()
    once = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", once).casefold().strip()


WORD_MARKS = "\n.,-_@'\"()+/&"
"""Marks that stand between words, as a blank does; the index of the list of users has blanks in their place."""

_BLANKS = str.maketrans(dict.fromkeys(WORD_MARKS, " "))
_FIRST_WITHOUT_BLANKS = "\u2e80"
"""From here on scripts write words without blanks between them (Chinese, Japanese, Korean)."""


def words_in(text: str) -> tuple[str, ...]:
    """Return the keys of the words that a text has; none if it is all marks and blanks."""
    return tuple(name_key(text).translate(_BLANKS).split())


def begins_within(word: str) -> bool:
    """Whether a word is to be found inside of others too: its script puts no blanks between words."""
    return word >= _FIRST_WITHOUT_BLANKS
