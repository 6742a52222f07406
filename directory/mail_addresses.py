"""E-mail addresses of recipients: one address, in a form in which it can stand in a header and in SMTP."""

import re

from directory.errors import InvalidError

ADDRESS_CHARS_MAX = 254
"""RFC 5321 section 4.5.3.1.3: 256 with the angle brackets."""

LOCAL_BYTES_MAX = 64
_LOCAL = re.compile(r"""[^\s"(),:;<>@\[\\\]\x00-\x20\x7f]+""")
_LABEL = re.compile(r"[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?")


def parse_address(text: str, attribute: str = "address") -> str:
    """Return the one address that ``text`` holds, as people write it; a domain may be written in any script.

    Quoted local parts (RFC 5321 section 4.1.2) and addresses of hosts by number are refused: nobody has them.

    Raises:
        InvalidError: it is no address that mail could be sent to.
    """
    address = text.strip()
    local, at, domain = address.rpartition("@")
    if not at or not address.isprintable() or len(address) > ADDRESS_CHARS_MAX:
        raise InvalidError(attribute, "is not an e-mail address, as in ann@example.com")
    if not _is_local(local):
        raise InvalidError(attribute, "has something before its @ that mail servers do not take")
    if ascii_domain(domain) is None:
        raise InvalidError(attribute, f"names no domain that could exist: {domain[:80]}")
    return f"{local}@{domain.rstrip('.')}"


def ascii_domain(domain: str) -> str | None:
    """Return a domain as DNS and SMTP know it, other scripts in ASCII (RFC 3490); None if there is none like it."""
    try:
        name = domain.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = name.split(".")
    fits = len(name) <= 253 and len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)
    return name if fits and not labels[-1].isdigit() else None


def envelope_address(address: str) -> str:
    """Return an address as SMTP is given it: its domain in ASCII."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain) or domain}"


def _is_local(local: str) -> bool:
    """Whether a local part can stand in a header as it is: one with an encoded word would be decoded there."""
    plain = _LOCAL.fullmatch(local) is not None and len(local.encode()) <= LOCAL_BYTES_MAX and "=?" not in local
    return plain and not local.startswith(".") and not local.endswith(".") and ".." not in local
