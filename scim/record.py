"""What is kept of a request: who, what, how it ended, and its body without what must not be kept."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import quote, unquote_plus

import msgspec
from litestar.types import Scope

from directory.ids import new_id
from directory.model import JsonValue, RequestDraft, RequestId, SecretId, SourceId, TenantId
from directory.traffic import reference_for
from scim.hiding import DROPPED, SECRET_KEY, hidden, names_secret, shown_method, without_literals, without_own_secrets

_PATH_MAX = 2000
_SOFTWARE_MAX = 120
_BODY_MAX = 64 * 1024
_ENTRIES_MAX = 50
_SEARCHES = frozenset({"filter", "path"})
"""Keys of messages whose texts compare attributes with literals."""

_ENCODED_WORD = re.compile("%(?:[46][1-9a-f]|[57][0-9a]|5f|[89a-f])", re.IGNORECASE)
"""Finds letters, underscores and what is beyond ASCII, percent-encoded; digits and marks hide no word."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose record a request belongs to."""

    tenant_id: TenantId
    source_id: SourceId | None
    secret_id: SecretId | None


def draft_for(scope: Scope, whose: Whose, *, now: datetime, elapsed_us: Callable[[], int]) -> RequestDraft:
    """Return the record of a request that has just arrived."""
    request_id = RequestId(new_id(now))
    return RequestDraft(
        request_id=request_id,
        tenant_id=whose.tenant_id,
        source_id=whose.source_id,
        secret_id=whose.secret_id,
        reference=reference_for(request_id),
        method=shown_method(str(scope.get("method", ""))),
        path=path_for_record(scope),
        started_at=now,
        elapsed_us=elapsed_us,
        software=software_of(scope),
        network=network_of(scope),
    )


def part_draft(whole: RequestDraft, path: str, *, method: str, now: datetime) -> RequestDraft:
    """Return the record of one operation of a request, which has a reference of its own."""
    request_id = RequestId(new_id(now))
    began_us = whole.elapsed_us()
    return replace(
        whole,
        request_id=request_id,
        reference=reference_for(request_id),
        method=method,
        path=f"{whole.path} {hidden(path)}"[:_PATH_MAX],
        elapsed_us=lambda: whole.elapsed_us() - began_us,
        leniencies=[],
        recorded=False,
    )


def path_for_record(scope: Scope) -> str:
    """Return path and query, with secrets dropped, and the values of parameters whose names look like secrets."""
    query = scope["query_string"].decode("latin-1")
    path = hidden(scope["path"])
    if query:
        path = f"{path}?{_shown_query(query)}"
    if not path.isascii() or "\x00" in path:
        path = path.encode("utf-8", "replace").decode().replace("\x00", "")
    return path[:_PATH_MAX]


def _shown_query(query: str) -> str:
    if not _ENCODED_WORD.search(query) and not names_secret(query) and without_own_secrets(query) == query:
        return query  # as nearly always: nothing to look for, parameter by parameter
    return "&".join(map(_shown_parameter, query.split("&")))


def _shown_parameter(parameter: str) -> str:
    name, equals, value = parameter.partition("=")
    if equals and SECRET_KEY.search(unquote_plus(name)):
        return f"{name}={DROPPED}"
    meant = unquote_plus(value if equals else name)
    kept = hidden(meant)
    if kept == meant:
        return without_own_secrets(parameter)
    return f"{without_own_secrets(name)}={quote(kept, safe='()')}" if equals else quote(kept, safe="()")


def software_of(scope: Scope) -> str:
    """Return what the client calls itself, printable and short."""
    for name, value in scope["headers"]:
        if name == b"user-agent":
            return _shown_software(value)
    return ""


@lru_cache(maxsize=256)
def _shown_software(sent: bytes) -> str:
    shown = "".join(character for character in sent.decode("latin-1") if character.isprintable())
    return without_own_secrets(shown)[:_SOFTWARE_MAX]


def network_of(scope: Scope) -> str:
    """Return the /24 or /64 that the client's address is in, or nothing for a client without one.

    A socket that takes both families shows IPv4 clients as ``::ffff:203.0.113.77``; their /64 would be everybody's.
    """
    client = scope.get("client")
    return "" if client is None else _network_around(client[0])


@lru_cache(maxsize=1024)
def _network_around(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ip_network((address, 24 if address.version == 4 else 64), strict=False))


def redacted(body: JsonValue) -> str:
    """Return a body as JSON text without passwords and tokens, with long lists cut short."""
    text = without_own_secrets(_encode(_without_secrets(body, in_patch=None)).decode())
    return text if len(text) <= _BODY_MAX else _encode({"omitted": f"a body of {len(text)} characters"}).decode()


def _without_secrets(value: JsonValue, *, in_patch: str | None) -> JsonValue:
    """Return ``value`` redacted; ``in_patch`` is the path of the operation that it belongs to."""
    if isinstance(value, dict):
        path = next((part for key, part in value.items() if key.lower() == "path" and isinstance(part, str)), in_patch)
        hides = path is not None and SECRET_KEY.search(path) is not None
        return {
            key: DROPPED
            if SECRET_KEY.search(key) or (hides and key.lower() == "value")
            else without_literals(part)
            if isinstance(part, str) and key.lower() in _SEARCHES
            else _without_secrets(part, in_patch=None)
            for key, part in value.items()
        }
    if isinstance(value, list):
        shown: list[Any] = [_without_secrets(item, in_patch=None) for item in value[:_ENTRIES_MAX]]
        return [*shown, f"and {len(value) - _ENTRIES_MAX} more"] if len(value) > _ENTRIES_MAX else shown
    return value
