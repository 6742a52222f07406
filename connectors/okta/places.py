"""Where a walk through Okta's lists is: from which moment on it looks, on which page it is, and what comes next."""

import re
from datetime import datetime, timedelta

import msgspec

from connectors.errors import SourceError

OVERLAP = timedelta(minutes=5)
"""Looked at again by each delta: lists lag behind, and clocks of several servers differ (pomerium#1278)."""


EVER = "2000-01-01T00:00:00.000Z"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a walk; as text it is a cursor."""

    key: str
    url: str | None
    """The page to read next; None at the end, and in a checkpoint."""
    whole: bool
    since: str | None = None
    """Okta's time from which a delta looks, overlap included."""
    mark: str | None = None
    """Okta's time when the walk began: the next delta looks from there."""
    skip: int = 0
    """Groups of the page whose members were given already."""


def text_of(place: Place) -> str:
    """Return a place as the text that is stored."""
    return msgspec.json.encode(place).decode()


def place_from(text: str, key: str) -> Place:
    """Return the place that a text stands for.

    Raises:
        SourceError: the walk was of something else, or the text is of an older version.
    """
    try:
        place = msgspec.json.decode(text, type=Place)
    except msgspec.MsgspecError as error:
        raise SourceError("cursor_expired", "the last pull left no place to go on from") from error
    if place.key != key:
        raise SourceError("cursor_expired", "mapping or scope changed since the last pull")
    return place


def since_for(mark: str) -> str:
    """Return from when on a delta looks that follows a walk begun at ``mark``.

    Raises:
        SourceError: it is no time.
    """
    if not re.fullmatch(r"[\dT:.+Z-]{16,40}", mark):
        raise SourceError("cursor_expired", "the last pull left no time to go on from")
    return moment(datetime.fromisoformat(mark) - OVERLAP)


def moment(at: datetime) -> str:
    """Return a time as Okta's filters take it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def users_filter(since: str | None) -> str:
    """Return the filter for users who changed, or for all.

    All is "since ever": without a filter Okta leaves out who was deactivated, and with a list of statuses whoever has
    one that came up later.
    """
    return f'lastUpdated ge "{since or EVER}"'


def groups_filter(since: str) -> str:
    """Return the filter for groups that changed, or whose members did."""
    return f'lastUpdated ge "{since}" or lastMembershipUpdated ge "{since}"'
