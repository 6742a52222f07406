"""A real SMTP server on loopback that keeps what it took, and fails at any step when it is told to."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import anyio
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

STEPS = ("connect", "ehlo", "mail", "rcpt", "data", "content", "answer")
"""Where a connection can be dropped: before the answer to each; ``answer`` is the one after the mail was taken."""


@dataclass
class Faults:
    """What goes wrong: each step by itself and by chance, but the same for the same seed."""

    drops: Mapping[str, float] = field(default_factory=dict)
    """By step, from 0 to 1: the connection is dropped there."""
    refuses: Mapping[str, float] = field(default_factory=dict)
    """By step: 451, come back later."""
    forbids: Mapping[str, float] = field(default_factory=dict)
    """By step: 550, never."""
    seed: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def strikes(self, kind: Mapping[str, float], step: str) -> bool:
        """Whether it goes wrong now."""
        return self._random.random() < kind.get(step, 0.0)


@dataclass
class MailSink:
    """What was taken."""

    faults: Faults = field(default_factory=Faults)
    taken: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    port: int = 0

    @property
    def mails(self) -> list[EmailMessage]:
        """What was taken, as mails."""
        return [message_from_bytes(one, policy=policy.default) for one in self.taken]

    @property
    def message_refs(self) -> list[str]:
        """The Message-IDs of what was taken, as often as each was."""
        return [str(mail["Message-ID"]) for mail in self.mails]

    async def handle_MAIL(  # noqa: N802  # aiosmtpd calls it so
        self, server: "FaultySmtp", session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._answer("mail", "250 OK")

    async def handle_RCPT(  # noqa: N802  # as above
        self, server: "FaultySmtp", session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        envelope.rcpt_tos.append(address)
        return self._answer("rcpt", "250 OK")

    async def handle_DATA(self, server: "FaultySmtp", session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        del session
        if self.faults.strikes(self.faults.drops, "content"):
            server.drop()
            return "451 never heard"
        answer = self._answer("content", "250 OK, taken")
        if answer.startswith("250"):
            self.taken.append(cast("bytes", envelope.original_content))
            self.recipients.append(list(envelope.rcpt_tos))
            self.senders.append(envelope.mail_from or "")
            transport = server.transport
            self.secured.append(transport is not None and transport.get_extra_info("sslcontext") is not None)
            if self.faults.strikes(self.faults.drops, "answer"):
                server.drop()
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
    ) -> AuthResult:
        """Take one password, and refuse all others."""
        del server, session, envelope, mechanism
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=given.password == b"right+horse", handled=False)

    def _answer(self, step: str, otherwise: str) -> str:
        if self.faults.strikes(self.faults.refuses, step):
            return "451 4.3.0 come back later"
        if self.faults.strikes(self.faults.forbids, step):
            return "550 5.1.1 no such mailbox"
        return otherwise


class FaultySmtp(SMTP):
    """aiosmtpd, whose connection can be lost before any of its answers."""

    def __init__(self, sink: MailSink, **options: Any) -> None:  # noqa: ANN401  # aiosmtpd's own
        super().__init__(sink, **options)
        self._sink = sink

    def drop(self) -> None:
        """Lose the connection."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def push(self, status: str | bytes) -> None:
        text = status.decode() if isinstance(status, bytes) else status
        step = {"220": "connect", "354": "data"}.get(text[:3])
        if text.startswith("250-sink.test"):
            step = "ehlo"
        faults = self._sink.faults
        envelope = self.envelope
        if step is None and envelope is not None and text.startswith("250 OK"):
            step = "rcpt" if envelope.rcpt_tos else "mail"
        if step is not None and faults.strikes(faults.drops, step):
            self.drop()
            return
        await super().push(text)


@asynccontextmanager
async def mail_sink(
    faults: Faults | None = None, *, tls: ssl.SSLContext | None = None, implicit: bool = False, login: bool = False
) -> AsyncIterator[MailSink]:
    """Serve on a free port of loopback for as long as the body runs."""
    sink = MailSink(faults=faults or Faults())
    loop = asyncio.get_running_loop()
    options: dict[str, Any] = {"hostname": "sink.test", "loop": loop, "enable_SMTPUTF8": True}
    if tls is not None and not implicit:
        options |= {"tls_context": tls, "require_starttls": True}
    if login:
        starts_plain = tls is not None and not implicit
        options |= {"authenticator": sink.authenticate, "auth_required": starts_plain, "auth_require_tls": starts_plain}
    server = await loop.create_server(
        lambda: FaultySmtp(sink, **options), "127.0.0.1", 0, ssl=tls if implicit else None
    )
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        with anyio.move_on_after(2):
            await server.wait_closed()
