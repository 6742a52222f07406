"""Changes of user names that an operator decides: values for plans."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from directory.model import User, UserId

AliasReason = Literal["conversion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A former user name that still leads to its user; nobody else can have it meanwhile."""

    user_id: UserId
    user_name: str
    until: datetime
    reason: AliasReason = "conversion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """One user under another name."""

    user: User
    """As it is to be, with the version behind ``expected_version``."""
    expected_version: int
    alias: Alias | None = None
    """The name that is left, if it is to match for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameUsers:
    """Give users other names, all by one statement; a former name that one of them takes back is none any more."""

    renames: tuple[Rename, ...]
