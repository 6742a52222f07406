"""A small HTTPS server whose answers can be broken on the way: cut, reset, or never finished."""

import asyncio
import ipaddress
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

REASONS = {200: "OK", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form that was posted."""
        return dict(parse_qsl(self.body.decode()))


@dataclass(slots=True)
class Reply:
    """An answer, and how it breaks on the way."""

    status: int = 200
    document: object = None
    """Sent as JSON, unless there is a ``body``."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | None = None
    content_type: str = "application/json"
    sent_bytes: int | None = None
    """How much of the body is sent before the connection is reset; None for all of it."""
    reset: bool = False
    """Whether the connection is reset before a byte is sent."""

    def content(self) -> bytes:
        """Give the body's bytes."""
        if self.body is not None:
            return self.body
        return b"" if self.document is None else msgspec.json.encode(self.document)


Answer = Callable[[Asked], Awaitable[Reply]]


async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer) -> bool:
    """Answer one request; False when the connection is over."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.split(":", 1) for line in lines if line)
    headers = {name.lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    asked = Asked(method, unquote(parts.path), dict(parse_qsl(parts.query)), target, headers, body)
    return await send(writer, await answer(asked))


async def send(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """Send an answer as far as it goes; False when the connection is over."""
    if reply.reset:
        writer.transport.abort()
        return False
    content = reply.content()
    lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    lines += [f"Content-Type: {reply.content_type}", f"Content-Length: {len(content)}", "", ""]
    shown = content if reply.sent_bytes is None else content[: reply.sent_bytes]
    writer.write("\r\n".join(lines).encode("latin-1") + shown)
    await writer.drain()
    if reply.sent_bytes is not None:
        writer.close()
        return False
    return True


@asynccontextmanager
async def serving(answer: Answer, *, port: int = 0) -> AsyncIterator[str]:
    """Serve on the loopback address over TLS; gives the base URL."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await serve_one(reader, writer, answer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=server_tls(), limit=1 << 20)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@cache
def identity() -> tuple[bytes, bytes]:
    """Give a certificate that signs itself, for the loopback address, and its key."""
    return certificate("a fake of tests", ec.generate_private_key(ec.SECP256R1()))


def certificate(name: str, key: "ec.EllipticCurvePrivateKey | object") -> tuple[bytes, bytes]:
    """Give a certificate of ``name`` that signs itself, and its key, both as PEM."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signer: ec.EllipticCurvePrivateKey = key  # type: ignore[assignment]  # any key of the library signs the same way
    names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(signer.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    key_pem = signer.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return built.public_bytes(serialization.Encoding.PEM), key_pem


def server_tls() -> ssl.SSLContext:
    """Give the server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "identity.pem"
        path.write_bytes(b"".join(identity()))
        context.load_cert_chain(path)
    return context


@cache
def client_tls() -> ssl.SSLContext:
    """Give the side of TLS of a client that trusts the fakes and nobody else."""
    return ssl.create_default_context(cadata=identity()[0].decode())
