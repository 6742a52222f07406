"""What must neither be kept nor told of a text that a client sent: secrets, and literals compared with them."""

import re

DROPPED = "(dropped)"

_WORDS = "password|passwd|authorization|secret|token|credential"
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


def without_own_secrets(text: str) -> str:
    """Return ``text`` with the secrets that this program issues dropped, wherever they stand."""
    return _OWN_SECRET.sub(DROPPED, text) if "rbk_" in text else text


def without_literals(text: str) -> str:
    """Return a filter or path with the literals dropped that are compared with an attribute of a secret name."""
    return _COMPARED.sub(lambda found: f"{found[1] or found[2]}{DROPPED}", text)


def hidden(text: str) -> str:
    """Return ``text`` without either."""
    return without_literals(without_own_secrets(text))
