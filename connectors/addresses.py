"""Which addresses a pull may reach: the one that was configured, on global networks, and nothing a link leads to."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from connectors.errors import SourceError
from directory.webhook_urls import is_public

_HOST = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address.

    Raises:
        SourceError: it is no https address, or has a user or odd characters in it.
    """
    parts = _split(url)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or "\\" in url:
        raise SourceError("protocol", "a link is no plain https address")
    return parts.scheme, parts.hostname, parts.port or 443


def check_same_origin(link: str, url: str) -> str:
    """Return ``link`` if it leads where ``url`` does: a token never goes elsewhere.

    Raises:
        SourceError: it leads to another scheme, host or port.
    """
    if origin_of(link) != origin_of(url):
        raise SourceError("protocol", "a link leads to another server than the one that was asked")
    return link


def check_base_url(url: str, *, private: bool) -> str:
    """Return a base address that an operator may have typed, without a path.

    Raises:
        SourceError: it is not https, no host name, or has more to it than that.
    """
    text = url.strip().rstrip("/")
    parts = _split(text)
    host = parts.hostname or ""
    named = bool(_HOST.fullmatch(host)) or (private and bool(host))
    # Compared as a whole: what is split off forgets a lone question mark, and line breaks inside a name.
    plain = text.partition("://")[2] == parts.netloc and "@" not in parts.netloc and parts.port != 0
    if parts.scheme != "https" or not named or not plain:
        raise SourceError("config", "the address is not of the form https://name.example.com")
    return text


def check_address(address: str, *, private: bool) -> None:
    """Refuse an IP address that is not of the global internet.

    Raises:
        SourceError: it is private, of this machine, of a metadata service, or otherwise special.
    """
    found = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    if not private and not is_public(found):
        raise SourceError("config", "the name leads to an address that is not on the public internet", final=True)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SourceError("protocol", "a link is no address") from error
    return parts
