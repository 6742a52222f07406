"""What can go wrong while a directory elsewhere is pulled, sorted by who can do something about it."""

from typing import Literal

Kind = Literal["auth", "permission", "throttled", "transient", "cursor_expired", "protocol", "config"]

PERMANENT: frozenset[Kind] = frozenset({"auth", "permission", "protocol", "config"})
TRIES: dict[Kind, int] = {
    "auth": 2,  # the second with a fresh token
    "permission": 2,  # Okta answers 403 now and then (firezone#13553)
    "throttled": 8,
    "transient": 5,
    "cursor_expired": 1,
    "protocol": 3,  # a page that makes no sense once may be an intermediary's
    "config": 1,
}


class SourceError(Exception):
    """A pull cannot go on. It proves nothing about who is in the directory.

    ``words`` say what happened and ``remedy`` what an administrator does about it; neither has secrets or people in it.
    """

    def __init__(
        self,
        kind: Kind,
        words: str,
        *,
        remedy: str = "",
        retry_after_s: float | None = None,
        final: bool = False,
    ) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words
        self.remedy = remedy
        self.retry_after_s = retry_after_s
        self.final = final
        """Whether asking again at once is known to be of no use."""

    @property
    def permanent(self) -> bool:
        """Whether somebody has to act before it can work; otherwise the next pull may just succeed."""
        return self.kind in PERMANENT

    @property
    def tries(self) -> int:
        """How often a request is made in all before this error is given up to."""
        return 1 if self.final else TRIES[self.kind]
