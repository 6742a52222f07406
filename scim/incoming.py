"""A request as the door reads it: its head as it came, and its body up to the size that its endpoint reads."""

from litestar.types import HTTPScope, Receive

from scim.errors import InvalidSyntaxError, TooLargeError

_LENGTH_DIGITS_MAX = 18


class ScimRequest:
    """One request; the body is read when somebody asks for it, and once."""

    __slots__ = ("_body", "_bytes_max", "_receive", "scope")

    def __init__(self, scope: HTTPScope, receive: Receive, *, bytes_max: int) -> None:
        """Keep what the server gives; nothing is read yet."""
        self.scope = scope
        self._receive = receive
        self._bytes_max = bytes_max
        self._body: bytes | None = None

    @property
    def query_string(self) -> bytes:
        """What follows the question mark, as it came."""
        return self.scope["query_string"]

    def header(self, name: bytes) -> str | None:
        """Return a header by its name in lower case; of several, all of them as one list (RFC 9110 section 5.2)."""
        found = [value for key, value in self.scope["headers"] if key == name]
        return b", ".join(found).decode("latin-1") if found else None

    async def body(self) -> bytes:
        """Return the whole body.

        Raises:
            TooLargeError: it is, or says that it is, larger than the endpoint reads.
            InvalidSyntaxError: the client went away in the middle of it.
        """
        if self._body is None:
            self._body = await self._read()
        return self._body

    async def _read(self) -> bytes:
        declared = self.header(b"content-length") or ""
        if declared.isdecimal():
            self._check_size(int(declared[:_LENGTH_DIGITS_MAX]))
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise InvalidSyntaxError("The connection ended before the body was complete.")
            parts.append(message["body"])
            size += len(message["body"])
            self._check_size(size)
            if not message["more_body"]:
                return b"".join(parts)

    def _check_size(self, size: int) -> None:
        if size > self._bytes_max:
            raise TooLargeError("The body is larger than this endpoint reads. Send the change in several requests.")
