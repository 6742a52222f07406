"""Signatures of webhooks as the Standard Webhooks specification has them: HMAC-SHA256, several secrets at a time."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32
"""The specification asks for 24 to 64."""


def new_webhook_secret() -> str:
    """Return a new secret, as receivers enter it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(message_id: str, body: bytes, *, secret_texts: Sequence[str], now: datetime) -> dict[str, str]:
    """Return the three headers of a delivery; each secret signs, so that either proves it while one replaces the other.

    Raises:
        ValueError: a secret is none.
    """
    seconds = str(int(now.timestamp()))
    content = b".".join((message_id.encode(), seconds.encode(), body))
    signatures = [f"v1,{_signature(text, content)}" for text in secret_texts]
    return {"webhook-id": message_id, "webhook-timestamp": seconds, "webhook-signature": " ".join(signatures)}


def _signature(secret_text: str, content: bytes) -> str:
    try:
        key = base64.b64decode(secret_text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("this is no secret of a webhook") from None
    return base64.b64encode(hmac.digest(key, content, "sha256")).decode()
