"""The duty that sends mails: takes them in batches, hands them over, and notes what became of each."""

import asyncio
import contextvars
import os
import random
import secrets
import socket
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.errors import MessageError

import structlog

from directory import mail_delivery
from directory.errors import UnavailableError
from directory.mail_addresses import envelope_address
from directory.mail_delivery import Claim
from rolebook.mail_bytes import is_plain, mail_bytes
from rolebook.mail_server import MailSender, MailServer
from rolebook.smtp import Letter, MailNotSentError, MailTakenOverError, OutcomeUnknownError, SmtpConnection, connected

log = structlog.get_logger("rolebook.mailing")

BATCH = 40
CONNECTIONS = 4
"""At once; most servers let one client have ten or so."""

PAUSES_S = (0.2, 1.0, 5.0)
"""Between the tries to write that a mail was sent."""

KEPT_EVERY_S = 60.0
"""How often mails that were taken, and were not begun yet, are kept from lapsing."""

REFUSED_MAX = 2
"""After so many connections in a row that failed, the rest of a batch waits as well."""

UNWRITABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, MessageError)
"""What the library that writes mails does of one that it does not understand: the others are sent."""

Clock = Callable[[], datetime]


class Mailer:
    """Sends what is due through one mail server."""

    def __init__(self, server: MailServer, sender: MailSender, *, public_url: str, clock: Clock) -> None:
        """Keep where mails go and in whose name."""
        self._server = server
        self._sender = sender
        self._public_url = public_url
        self._clock = clock
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    async def has_work(self, now: datetime) -> bool:
        """Whether a mail waits to be sent."""
        return await mail_delivery.has_due_mail(now)

    async def work(self, now: datetime) -> int:
        """Send one batch; returns how many mails were taken.

        In a context of its own: each mail is fenced by its own number, and an answer that was long in coming is written
        even if another process does this duty by now.
        """
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._send_batch(now), context=contextvars.Context())
        return task.result()

    async def _send_batch(self, now: datetime) -> int:
        claims = await mail_delivery.take_due_mail(self._holder, domain=self._sender.domain, now=now, limit=BATCH)
        waiting = claims[::-1]
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(self._keep(waiting))
            async with asyncio.TaskGroup() as senders:
                for _ in range(min(CONNECTIONS, len(claims))):
                    senders.create_task(self._send_all(waiting))
            keeping.cancel()
        return len(claims)

    async def _keep(self, waiting: list[Claim]) -> None:
        """Prolong the leases of mails that wait behind slow ones: each may take the server many minutes."""
        while waiting:
            await asyncio.sleep(KEPT_EVERY_S)
            try:
                await mail_delivery.keep(waiting, now=self._clock())
            except UnavailableError as error:  # should the leases lapse meanwhile, their epochs settle it
                log.warning("leases of mails not prolonged", exc_info=error)

    async def _send_all(self, waiting: list[Claim]) -> None:
        """Send mails through one connection after the other until none is left."""
        refused_count = 0
        while waiting:
            claim = waiting.pop()
            try:
                async with connected(self._server, local_name=self._sender.domain) as connection:
                    refused_count = 0
                    await self._send(connection, claim)
                    while waiting and connection.is_open:
                        claim = waiting.pop()
                        await self._send(connection, claim)
            except UnavailableError as error:  # the others go on; what becomes of this mail its lease decides
                log.warning("mail left as it was", message_id=str(claim.message_id), exc_info=error)
                return
            except MailNotSentError as error:  # of the connection: nothing was begun with this mail
                refused_count += 1
                await self._put_off(claim, error)
                while refused_count >= REFUSED_MAX and waiting:
                    await self._put_off(waiting.pop(), error)

    async def _send(self, connection: SmtpConnection, claim: Claim) -> None:
        try:
            letter = await self._letter(claim)
        except UNWRITABLE as error:
            log.error("mail cannot be written", message_id=str(claim.message_id), exc_info=error)  # noqa: TRY400 - structlog, with the error itself
            words = f"It cannot be written as a mail: {type(error).__name__}."
            await self._put_off(claim, MailNotSentError(words, for_good=True))
            return

        async def begin() -> bool:
            return await mail_delivery.begin_handing(claim, now=self._clock())

        try:
            await connection.hand_over(letter, begin=begin)
        except MailNotSentError as error:
            await self._put_off(claim, error)
        except OutcomeUnknownError as error:
            log.warning("mail outcome unknown", tenant_id=str(claim.tenant_id), message_id=str(claim.message_id))
            why = str(error)
            await _persisting(lambda: mail_delivery.settle_unknown(claim, why, now=self._clock()))
        except MailTakenOverError:
            log.warning("mail taken over", tenant_id=str(claim.tenant_id), message_id=str(claim.message_id))
        else:
            await _persisting(lambda: mail_delivery.settle_sent(claim, now=self._clock()))

    async def _letter(self, claim: Claim) -> Letter:
        """Return what goes over the wire; made in a thread, since megabytes of attachments take a while."""
        content = await asyncio.to_thread(mail_bytes, claim, self._sender, public_url=self._public_url)
        return Letter(
            sender=envelope_address(self._sender.address),
            recipient=envelope_address(claim.recipient),
            content=content,
            wide=not is_plain(claim.recipient),
        )

    async def _put_off(self, claim: Claim, error: MailNotSentError) -> None:
        try:
            await mail_delivery.settle_failed(
                claim,
                str(error),
                for_good=error.for_good,
                now=self._clock(),
                chance=random.random(),  # noqa: S311  # spreads tries; no secret
            )
        except UnavailableError as away:  # the others go on; its lease gives the mail back
            log.warning("mail left as it was", message_id=str(claim.message_id), exc_info=away)


async def _persisting(deed: Callable[[], Awaitable[bool]]) -> bool:
    """Write what became of a mail that was handed over, even if the database is away for a moment.

    Raises:
        UnavailableError: it is away for longer; the mail will be of unknown outcome.
    """
    for pause_s in PAUSES_S:
        try:
            return await deed()
        except UnavailableError:
            await asyncio.sleep(pause_s)
    return await deed()
