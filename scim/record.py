"""What is kept of a request: who, what, how it ended, and its body without what must not be kept."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec
from litestar.types import Scope

from directory.ids import new_id
from directory.model import JsonValue, RequestDraft, RequestId, SecretId, SourceId, TenantId
from directory.traffic import reference_for

_SECRET_KEY = re.compile(r"password|passwd|authorization|secret|token|credential", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(r"([^&=]*(?:token|secret|password|authorization)[^&=]*)=[^&]*", re.IGNORECASE)
_PATH_MAX = 2000
_SOFTWARE_MAX = 120
_BODY_MAX = 64 * 1024
_ENTRIES_MAX = 50
DROPPED = "(dropped)"

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
        method=str(scope.get("method", "")),
        path=path_for_record(scope),
        started_at=now,
        elapsed_us=elapsed_us,
        software=software_of(scope),
        network=network_of(scope),
    )


def path_for_record(scope: Scope) -> str:
    """Return path and query, with the values of parameters that look like secrets dropped."""
    query = scope["query_string"].decode("latin-1")
    path = scope["path"]
    if query:
        path = f"{path}?{_SECRET_PARAMETER.sub(_without_value, query)}"
    return path.encode("utf-8", "replace").decode().replace("\x00", "")[:_PATH_MAX]


def _without_value(parameter: re.Match[str]) -> str:
    return f"{parameter.group(1)}={DROPPED}"


def software_of(scope: Scope) -> str:
    """Return what the client calls itself, printable and short."""
    sent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
    return "".join(character for character in sent.decode("latin-1") if character.isprintable())[:_SOFTWARE_MAX]


def network_of(scope: Scope) -> str:
    """Return the /24 or /64 that the client's address is in, or nothing for a client without one."""
    client = scope.get("client")
    if client is None:
        return ""
    try:
        address = ip_address(client[0])
    except ValueError:
        return ""
    return str(ip_network((address, 24 if address.version == 4 else 64), strict=False))


def redacted(body: JsonValue) -> str:
    """Return a body as JSON text without passwords and tokens, with long lists cut short."""
    text = _encode(_without_secrets(body, in_patch=None)).decode()
    return text if len(text) <= _BODY_MAX else _encode({"omitted": f"a body of {len(text)} characters"}).decode()


def _without_secrets(value: JsonValue, *, in_patch: str | None) -> JsonValue:
    """Return ``value`` redacted; ``in_patch`` is the path of the operation that it belongs to."""
    if isinstance(value, dict):
        path = next((part for key, part in value.items() if key.lower() == "path" and isinstance(part, str)), in_patch)
        hides = path is not None and _SECRET_KEY.search(path) is not None
        return {
            key: DROPPED
            if _SECRET_KEY.search(key) or (hides and key.lower() == "value")
            else _without_secrets(part, in_patch=None)
            for key, part in value.items()
        }
    if isinstance(value, list):
        shown: list[Any] = [_without_secrets(item, in_patch=None) for item in value[:_ENTRIES_MAX]]
        return [*shown, f"and {len(value) - _ENTRIES_MAX} more"] if len(value) > _ENTRIES_MAX else shown
    return value
