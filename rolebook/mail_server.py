"""Which mail server takes our mails, and in whose name they come: parsed from the settings."""

import ssl
from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from directory.errors import InvalidError
from directory.mail_addresses import ascii_domain, parse_address

Tls = Literal["starttls", "implicit", "none"]
PORTS: dict[Tls, int] = {"starttls": 587, "implicit": 465, "none": 25}
OPTIONS = frozenset({"tls", "ca"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A mail server as we log on to it."""

    host: str
    port: int
    tls: Tls
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    """Certificates to trust in place of the system's."""

    def tls_context(self) -> ssl.SSLContext:
        """Return what certificates are checked with."""
        return ssl.create_default_context(cafile=self.ca_file)


@dataclass(frozen=True, slots=True)
class MailSender:
    """In whose name mails come."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """The domain of the address, in ASCII: Message-IDs end in it."""
        return ascii_domain(self.address.rpartition("@")[2]) or "localhost"


def parse_mail_server(text: str) -> MailServer:
    """Return the server of ``smtp://USER:PASSWORD@HOST:PORT?tls=starttls`` or ``smtps://…``.

    Without ``tls`` it is STARTTLS, and nothing for a server on this machine. The words of the error never quote the
    address, which holds a password.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/"):
        raise ValueError("it is not smtp://USER:PASSWORD@HOST:PORT?tls=starttls, or smtps:// for TLS from the start")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := options.keys() - OPTIONS:
        raise ValueError(f"it has an option that is none of tls, ca: {min(unknown)[:20]}")
    tls = _tls(parts, options.get("tls"))
    if parts.username and tls == "none" and not _is_here(parts.hostname):
        raise ValueError("a password may not travel in the clear: use tls=starttls or smtps://")
    if (ca_file := options.get("ca")) is not None and not Path(ca_file).is_file():
        raise ValueError(f"the certificates of ca={ca_file} cannot be read")
    return MailServer(
        host=parts.hostname,
        port=_port(parts) or PORTS[tls],
        tls=tls,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        ca_file=ca_file,
    )


def parse_mail_sender(text: str) -> MailSender:
    """Return the sender of ``Rolebook <rolebook@example.com>``, or of an address alone.

    It is written in ASCII, apart from the domain: few mail servers take a sender with other letters (RFC 6531).
    """
    name, address = parseaddr(text)
    try:
        sender = MailSender(name or "Rolebook", parse_address(address))
    except InvalidError as error:
        raise ValueError(f"'{text[:80]}' {error.reason}") from None
    if not sender.address.rpartition("@")[0].isascii():
        raise ValueError(f"'{text[:80]}' has letters before its @ that many mail servers do not take: use ASCII")
    return sender


def _tls(parts: SplitResult, asked: str | None) -> Tls:
    if parts.scheme == "smtps":
        return "implicit"
    if asked is None:
        return "none" if _is_here(parts.hostname or "") else "starttls"
    for known in get_args(Tls):
        if asked == known:
            return known  # type: ignore[no-any-return]  # get_args gives Any
    raise ValueError(f"tls is none of {', '.join(get_args(Tls))}")


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise ValueError("its port is not a number from 1 to 65535") from None


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
