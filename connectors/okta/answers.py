"""What Okta's answers mean that are no pages, and where its pages lead."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

import msgspec

from connectors.errors import SourceError
from connectors.headers import retry_after_from

# Several links may share a line, and addresses may have commas in them.
_LINK = re.compile(r'<([^<>]*)>\s*((?:;\s*[\w*]+\s*=\s*(?:"[^"]*"|[^\s",;]+)\s*)*)')
_REL = re.compile(r'rel\s*=\s*"?(\w+)"?')
PASSING = frozenset({408, 500, 502, 503, 504})
RESET_MAX_S = 3600
NO_SUCH_THING = "E0000007"
"""The code of a 404 that Okta means; an intermediary's says nothing of people."""


class _Body(msgspec.Struct):
    errorCode: str = ""  # noqa: N815 as Okta has it


def links_from(lines: Sequence[str]) -> dict[str, str]:
    """Return addresses by relation; in whatever order and on however many lines they came (RFC 8288)."""
    found: dict[str, str] = {}
    for line in lines:
        for address, parameters in _LINK.findall(line):
            if relation := _REL.search(parameters):
                found.setdefault(relation[1], address)
    return found


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Return the server's time, if the answer has it."""
    try:
        return parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None


def number_in(headers: Mapping[str, str], name: str) -> float | None:
    """Return a header that is a number, or None."""
    text = headers.get(name, "").strip()
    return float(text) if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text) else None


def reset_in_s(headers: Mapping[str, str]) -> float | None:
    """Return in how many seconds of the server's the limit is whole again; None if it does not say so sensibly."""
    reset, date = number_in(headers, "x-rate-limit-reset"), date_of(headers)
    if reset is None or date is None or not number_in(headers, "x-rate-limit-limit"):
        return None
    seconds = reset - date.timestamp()
    return seconds if 0 < seconds <= RESET_MAX_S else None


def code_of(body: bytes) -> str:
    """Return the code of an error's body, or nothing."""
    try:
        return msgspec.json.decode(body, type=_Body).errorCode[:20]
    except msgspec.MsgspecError:
        return ""


def error_for(status: int, headers: Mapping[str, str], body: bytes, *, url: str) -> SourceError:
    """Return what an answer other than 2xx means."""
    code = code_of(body)
    named = f"{status} {code}".strip()
    if status == 429:
        # Of the limit on simultaneous requests neither header says anything (0, and a time of no use).
        reset_s = reset_in_s(headers)
        wait_s = retry_after_from(headers.get("retry-after")) if reset_s is None else reset_s + 1
        return SourceError("throttled", "Okta is throttling", retry_after_s=wait_s)
    if status in PASSING:
        wait_s = retry_after_from(headers.get("retry-after"))
        return SourceError("transient", f"Okta answered {named}", retry_after_s=wait_s)
    if status == 400 and "after=" in url:
        return SourceError("cursor_expired", "Okta has forgotten where the last page ended")
    if status == 401:
        return SourceError("auth", f"Okta does not take our credentials ({named})", remedy="Enter new ones.")
    if status == 403:
        remedy = "Grant okta.users.read and okta.groups.read, or an administrator's role that may read them."
        return SourceError("permission", f"Okta refuses to show this ({named})", remedy=remedy)
    if 300 <= status < 400:
        return SourceError("protocol", f"Okta sent us elsewhere ({status})")
    return SourceError("protocol", f"Okta did not understand us ({named})", final=True)
