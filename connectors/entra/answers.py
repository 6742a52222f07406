"""What the answers of Microsoft Graph mean that are no pages."""

from collections.abc import Mapping

import msgspec

from connectors.errors import SourceError
from connectors.headers import retry_after_from

BODY_WORDS_MAX = 4096

# docs-contrib#9003, docs#1000: how an expired or foreign token of a chain is told, apart from 410.
EXPIRED = frozenset(
    {"syncstatenotfound", "resyncrequired", "directory_expiredpagetoken", "directory_invalidpagetoken", "unknownerror"}
)
PASSING = frozenset({408, 500, 502, 503, 504, 509})


class _Fault(msgspec.Struct):
    code: str = ""


class _Body(msgspec.Struct):
    error: _Fault = msgspec.field(default_factory=_Fault)


def code_of(body: bytes) -> str:
    """Return the code of an error's body, or nothing."""
    try:
        return msgspec.json.decode(body, type=_Body).error.code
    except msgspec.MsgspecError:
        return ""


def error_for(status: int, headers: Mapping[str, str], body: bytes, *, token_in_url: bool) -> SourceError:
    """Return what an answer other than 2xx means.

    ``token_in_url`` says that the address carries a skip or delta token: only there can one have expired.
    """
    code = code_of(body)[:60]
    retry_after_s = retry_after_from(headers.get("retry-after"))
    if token_in_url and (status == 410 or (status in {400, 404} and code.lower() in EXPIRED)):
        return SourceError("cursor_expired", "Microsoft Graph has forgotten where the last pull ended")
    if status == 429:
        return SourceError("throttled", "Microsoft Graph is throttling", retry_after_s=retry_after_s)
    if status in PASSING:
        return SourceError("transient", f"Microsoft Graph answered {status}", retry_after_s=retry_after_s)
    named = f"{status} {code}".strip()
    if status == 401:
        return SourceError(
            "auth", f"Microsoft Graph does not take our token ({named})", remedy="Check the credentials."
        )
    if status == 403:
        remedy = "Grant User.Read.All and GroupMember.Read.All, with admin consent."
        return SourceError("permission", f"Microsoft Graph refuses to show this ({named})", remedy=remedy)
    if 300 <= status < 400:
        return SourceError("protocol", f"Microsoft Graph sent us elsewhere ({status})")
    return SourceError("protocol", f"Microsoft Graph did not understand us ({named})", final=True)
