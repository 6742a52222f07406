"""Which statements a deed runs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from directory.store.unit import Engine


@dataclass
class Counted:
    """The texts of the statements, in order."""

    texts: list[str] = field(default_factory=list)


@contextmanager
def counted_statements(engine: Engine) -> Iterator[Counted]:
    """Note what runs through the engine meanwhile; a text that runs twice is noted twice."""
    counted = Counted()
    fetch, execute = engine.fetch, engine.execute

    async def noted_fetch(sql: str, args: Sequence[Any] = (), **how: Any) -> Any:  # noqa: ANN401  # as the engine
        counted.texts.append(sql)
        return await fetch(sql, args, **how)

    async def noted_execute(sql: str, args: Sequence[Any] = (), **how: Any) -> int:  # noqa: ANN401  # as above
        counted.texts.append(sql)
        return await execute(sql, args, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "fetch", noted_fetch)
        patch.setattr(engine, "execute", noted_execute)
        yield counted
