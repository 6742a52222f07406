"""What only the owner of the tables may do, done in a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from directory.store.unit import Engine, bind, open_store


@asynccontextmanager
async def as_owner(store: Engine, owner_url: str) -> AsyncIterator[Engine]:
    """Let the body's statements be the owner's, whom row-level security and missing rights do not stop."""
    try:
        async with open_store(owner_url) as owners:
            yield owners
    finally:
        bind(store)
