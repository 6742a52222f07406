"""What a directory elsewhere sent, read as what it should be."""

from typing import TypeVar

import msgspec

from connectors.errors import SourceError

Read = TypeVar("Read")


def decoded_from(who: str, body: bytes, kind: type[Read]) -> Read:
    """Return a body as ``kind``.

    Raises:
        SourceError: it is no JSON (an intermediary's page, or cut off: may pass), or not of that form.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise SourceError("protocol", f"{who} sent a page of another form than it should") from error
    except msgspec.DecodeError as error:
        raise SourceError("transient", f"{who} sent something that is no JSON") from error
