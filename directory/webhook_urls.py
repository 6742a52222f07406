"""Where webhooks may lead: addresses of the public internet, by a name or a number written in the one usual way."""

import ipaddress
import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import urlsplit

from directory.errors import InvalidError
from directory.mail_addresses import ascii_domain

URL_CHARS_MAX = 2_000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
_RELAYS = ipaddress.ip_network("192.88.99.0/24")
"""6to4 relays (RFC 7526): deprecated, and nobody's own."""

_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
_LOCAL_ENDS = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "localdomain", "arpa", "onion")
"""Ends of names that only mean something inside somebody's network (RFC 6761, RFC 6762, RFC 9476 and habit)."""


class WebhookUrl(NamedTuple):
    """An address as requests need it."""

    scheme: str
    host: str
    """In ASCII and small letters; an IPv6 address without brackets."""
    port: int
    target: str
    """Path with query."""

    @property
    def literal(self) -> IPv4Address | IPv6Address | None:
        """The address, where the host is one."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


def parse_webhook_url(text: str, *, allow_private: bool) -> WebhookUrl:
    """Return where a webhook leads.

    Names are not looked up here: what they lead to is looked at again for each delivery, since it may change.

    Raises:
        InvalidError: says what is wrong with it.
    """
    if len(text) > URL_CHARS_MAX or not text.isprintable() or " " in text or "\\" in text:
        raise InvalidError("address", "is not https://HOST/PATH")
    try:
        parts = urlsplit(unicodedata.normalize("NFKC", text))
        port = parts.port
    except ValueError:
        raise InvalidError("address", "is not https://HOST/PATH") from None
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise InvalidError("address", "is not https://HOST/PATH")
    if parts.scheme == "http" and not allow_private:
        raise InvalidError("address", "must be https: others could read what is sent")
    if "@" in parts.netloc:
        raise InvalidError("address", "may hold no user and no password: the signature says who sends")
    if port == 0:
        raise InvalidError("address", "has the port 0, on which nobody listens")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii():
        raise InvalidError("address", "has other letters than ASCII's in its path: write them as %C3%A9")
    host = _host(parts.hostname, allow_private=allow_private)
    return WebhookUrl(parts.scheme, host, port or {"https": 443, "http": 80}[parts.scheme], target)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is of the public internet, also what is wrapped up in it."""
    if isinstance(address, IPv6Address):
        if "%" in str(address) or address in _NAT64_LOCAL or address.is_site_local:
            return False
        wrapped = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64 or address.packed[:12] == bytes(12):  # NAT64 (RFC 6052), IPv4-compatible (RFC 4291)
            wrapped.append(IPv4Address(address.packed[12:]))
        inside = [one for one in wrapped if one is not None]
        if inside:
            return all(is_public(one) for one in inside)
    elif address in _RELAYS:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def _host(name: str, *, allow_private: bool) -> str:
    bare = name.strip("[]")
    literal = _literal(bare)
    if literal is not None:
        if not allow_private and not is_public(literal):
            raise InvalidError("address", "leads into a private network")
        return str(literal)
    if _is_odd_number(bare):
        # Libraries read 2130706433, 0x7f.1 and 0177.0.0.1 as addresses; nobody has to write one so.
        raise InvalidError("address", "has a host that is neither a name nor an address as usually written")
    if allow_private and bare == "localhost":
        return bare
    domain = ascii_domain(bare)
    if domain is None:
        raise InvalidError("address", "has a host that could not exist")
    if not allow_private and domain.rpartition(".")[2] in _LOCAL_ENDS:
        raise InvalidError("address", "leads into a private network")
    return domain


def _literal(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_odd_number(text: str) -> bool:
    """Whether some program would read the host as a number (the last label decides, as in the URL standard)."""
    return _NUMBER.fullmatch(text.rstrip(".").rpartition(".")[2]) is not None
