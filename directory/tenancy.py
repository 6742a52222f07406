"""Whose turn it is: one tenant's for a request or a run, so that nothing of another is read or written by mistake."""

from collections.abc import Iterator
from contextlib import contextmanager

from directory.model import TenantId
from directory.store.tenancy import enter, scoped


@contextmanager
def new_turn() -> Iterator[None]:
    """Let it be nobody's turn in the body, until ``take_turn``: whose a request is shows while it is served."""
    with scoped(None):
        yield


def take_turn(tenant_id: TenantId) -> None:
    """Let it be this tenant's turn to the end of the surrounding ``new_turn``.

    Raises:
        IsolationError: it is another tenant's already.
    """
    enter(tenant_id)
