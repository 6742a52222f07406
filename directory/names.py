"""Keys under which names are unique and found, whatever their case or composition."""

import unicodedata


def name_key(text: str) -> str:
    """Return the key of a name: NFKC, case-folded, without surrounding blanks.

    RFC 7644 section 5 asks for PRECIS; NFKC with case folding gives the same equality for what providers send. It is
    applied twice, because folding can undo the composition.
    """
    once = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", once).casefold().strip()
