"""Pulling a stream and holding it to its promise: it ends with Done, or it raises."""

from collections.abc import AsyncGenerator

from connectors.connector import Connector
from connectors.errors import SourceError
from connectors.records import Done, Page


async def each_page(connector: Connector, stream: str, cursor: str | None) -> AsyncGenerator[Page | Done, None]:
    """Yield the pages of a stream and its Done, whoever wrote the connector.

    Raises:
        SourceError: the stream stopped without Done, or went on after it.
    """
    done = False
    async for item in connector.pages(stream, cursor):
        if done:
            raise SourceError("protocol", f"the stream of {stream} went on after its end")
        done = isinstance(item, Done)
        yield item
    if not done:
        raise SourceError("protocol", f"the stream of {stream} stopped without having come to its end")
