"""What a tenant does not change itself: who and what comes from its super tenant."""

from directory.errors import RefusedError
from directory.model import Source


def is_routed(source: Source | None) -> bool:
    """Whether a source is the super tenant's routing."""
    return source is not None and source.kind == "routed"


def check_own(source: Source | None) -> None:
    """Refuse to change what the super tenant decides.

    Raises:
        RefusedError: the source is its routing.
    """
    if source is not None and source.kind == "routed":
        raise RefusedError(f"this comes from the super tenant {source.label}: it is changed there")
