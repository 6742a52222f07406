"""What must neither be kept nor told of a text that a client sent: secrets, and literals compared with them."""

import re

DROPPED = "(dropped)"

_NAMES = ("password", "passwd", "authorization", "secret", "token", "credential")
_WORDS = "|".join(_NAMES)
SECRET_KEY = re.compile(_WORDS, re.IGNORECASE)
"""Finds the names of attributes and parameters whose values are never kept."""

_OWN_SECRET = re.compile(r"rbk_[A-Za-z]_\w+")
_QUOTED = r'"(?:[^"\\]|\\.)*"?'
# The rest of a name is bounded, so that a long run of such words costs no more than its length.
_NAME = rf"(?:{_WORDS})[\w.:$-]{{0,64}}"
_COMPARED = re.compile(
    rf"({_NAME}\s+(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)(?:{_QUOTED}|[^\s)\]]+)"
    rf'|({_NAME}\[)(?:{_QUOTED}|[^\]"])*',
    re.IGNORECASE,
)


_METHOD_LENGTH_MAX = 16


def shown_method(method: str) -> str:
    """Return the method of a request, unless it is no word that one could be: whoever sends such may send anything."""
    return method if len(method) <= _METHOD_LENGTH_MAX and method.isascii() and method.isalpha() else DROPPED


def names_secret(text: str) -> bool:
    """Whether a secret name may stand in ``text``; where not, ``SECRET_KEY`` would find none, for 4 us more."""
    if not text.isascii():
        return True  # letters of other scripts match too: the long s, the dotless i
    lowered = text.lower()
    return any(name in lowered for name in _NAMES)


def without_own_secrets(text: str) -> str:
    """Return ``text`` with the secrets that this program issues dropped, wherever they stand."""
    return _OWN_SECRET.sub(DROPPED, text) if "rbk_" in text else text


def without_literals(text: str) -> str:
    """Return a filter or path with the literals dropped that are compared with an attribute of a secret name."""
    if not names_secret(text):
        return text
    return _COMPARED.sub(lambda found: f"{found[1] or found[2]}{DROPPED}", text)


def hidden(text: str) -> str:
    """Return ``text`` without either."""
    return without_literals(without_own_secrets(text))
