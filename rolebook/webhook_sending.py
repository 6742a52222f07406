"""The duty that delivers events to webhooks, signed."""

import asyncio
import contextvars
import os
import random
import re
import secrets
import socket
from collections.abc import Callable
from datetime import datetime
from time import perf_counter

import structlog

from directory import webhook_delivery
from directory.errors import UnavailableError
from directory.webhook_delivery import Outcome
from directory.webhook_model import WebhookClaim
from directory.webhook_signing import signed_headers
from rolebook.egress import Answer, Egress, EgressError

log = structlog.get_logger("rolebook.webhook_sending")

BATCH = 20
"""On their way at a time."""

TAKING_S = 60.0
LOOKS_S = 1.0
"""How often it is looked whether something is due, while answers are awaited."""

SHOWN_CHARS_MAX = 300
_LONG = re.compile(r"[A-Za-z0-9_\-+/=.]{24,}")
"""What may be a token: an answer that quotes one must not show it to whoever looks at the list."""

SOFTWARE = "Rolebook-Webhooks/1"


class WebhookSender:
    """Delivers what is due."""

    def __init__(self, egress: Egress, *, clock: Callable[[], datetime]) -> None:
        """Keep the way out."""
        self._egress = egress
        self._clock = clock
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    async def work(self, now: datetime) -> int:
        """Deliver what is due, for a minute at most; returns how many were taken. In a context of its own, as mails."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._send_batch(now), context=contextvars.Context())
        return task.result()

    async def _send_batch(self, now: datetime) -> int:
        """Fill each place that gets free at once: a receiver that is long in answering takes up its own alone."""
        count, began = 0, perf_counter()
        running: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            while perf_counter() - began < TAKING_S:
                at = max(now, self._clock())
                room = BATCH - len(running)
                claims = await webhook_delivery.take_due(self._holder, now=at, limit=room) if room else []
                count += len(claims)
                running |= {group.create_task(self._deliver(claim)) for claim in claims}
                if not running:
                    break
                _, running = await asyncio.wait(running, timeout=LOOKS_S, return_when=asyncio.FIRST_COMPLETED)
        return count

    async def _deliver(self, claim: WebhookClaim) -> None:
        began, now = perf_counter(), self._clock()
        answer, error = None, "The key ring of this server does not open the secret."
        if claim.secret_texts:
            answer, error = await self._post(claim, now)
        outcome = Outcome(
            at=now,
            duration_ms=int((perf_counter() - began) * 1000),
            status=None if answer is None else answer.status,
            response="" if answer is None else shown(answer.beginning),
            error=error,
        )
        try:
            await webhook_delivery.settle(claim, outcome, chance=random.random())  # noqa: S311  # spreads tries; no secret
        except UnavailableError as error:  # the others go on; its lease gives the delivery back
            log.warning("delivery left as it was", delivery_id=str(claim.delivery_id), exc_info=error)

    async def _post(self, claim: WebhookClaim, now: datetime) -> tuple[Answer | None, str]:
        body = claim.body.encode()
        signed = signed_headers(claim.message_ref, body, secret_texts=claim.secret_texts, now=now)
        headers = {**signed, "Content-Type": "application/json", "User-Agent": SOFTWARE}
        try:
            answer = await self._egress.post(claim.url, body, headers)
        except EgressError as error:
            return None, str(error)
        return answer, _error_for(answer.status)


def shown(beginning: bytes) -> str:
    """Return the beginning of an answer as it may be kept: printable, short, without what could be a secret."""
    text = beginning.decode(errors="replace")
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return _LONG.sub("…", plain)[:SHOWN_CHARS_MAX]


def _error_for(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"It answered {status}: redirects are not followed. Enter the address it leads to."
    return f"It answered {status}."
