"""What a pull needs of the house: connections, a clock, and to be told when the process ends."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from connectors.connector import Connector
from connectors.errors import SourceError
from connectors.offered import Offered
from connectors.terms import Progress, Terms
from directory.errors import NoKeysError
from directory.key_ring import KeyRingError
from directory.pulls.model import PullSource
from directory.pulls.sources import open_secrets
from rolebook.jobs import clock

Connect = Callable[[PullSource, Progress], Awaitable[Connector]]
"""Makes the connection of a source, which tells ``Progress`` of requests and waits.

Raises SourceError of kind ``config``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The same for all pulls of a process."""

    connect: Connect
    clock: Callable[[], datetime] = clock
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


def connecting(offered: Offered) -> Connect:
    """Return what makes connections by the connectors of this process, with the credentials that are stored."""

    async def connect(source: PullSource, progress: Progress) -> Connector:
        try:
            secrets = await open_secrets(source)
        except (KeyRingError, NoKeysError) as error:
            remedy = "Enter the credentials again, or bring back the key that is missing from ROLEBOOK_KEYS."
            raise SourceError("config", "the stored credentials cannot be opened here", remedy=remedy) from error
        terms = Terms(network=offered.network, progress=progress)
        return await offered.connected(source.kind, source.config, secrets, source.rules, terms=terms)

    return connect
