"""One connection to a mail server: what is certain about a mail, and what is not, at each step."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from aiosmtplib import SMTP, SMTPException, SMTPResponseException
from aiosmtplib.protocol import SMTPProtocol

from rolebook.mail_server import MailServer

STEP_S = 30.0
"""How long the server may take for each command."""

ANSWER_S = 300.0
"""How long it may take to say that it has the mail: RFC 5321 section 4.5.3.2.6 gives it ten minutes."""

_DOT = re.compile(rb"(?m)^\.")
_GIVEN_UP = (SMTPException, OSError, ValueError)
"""Everything that a server, or the way to it, can do to us; timeouts are kinds of the first two. The third is what the
client says of an address or an answer that it cannot write or read, Unicode's errors among them."""


class MailNotSentError(Exception):
    """The server does not have the mail, and this is certain."""

    def __init__(self, words: str, *, for_good: bool = False) -> None:
        super().__init__(words)
        self.for_good = for_good


class OutcomeUnknownError(Exception):
    """The mail was handed over as a whole, and the answer never came."""


class MailTakenOverError(Exception):
    """Somebody else has the mail by now; the server was not told that it is complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What one transaction of SMTP carries."""

    sender: str
    recipient: str
    content: bytes
    wide: bool = False
    """Whether the addresses are not ASCII (SMTPUTF8, RFC 6531)."""


@asynccontextmanager
async def connected(server: MailServer, *, local_name: str) -> AsyncIterator["SmtpConnection"]:
    """Connect, begin TLS and authenticate; leave politely at the end.

    Raises:
        MailNotSentError: any of it failed; what is wrong with the server or its settings is no mail's fault.
    """
    try:
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            local_hostname=local_name,
            timeout=STEP_S,
            use_tls=server.tls == "implicit",
            start_tls=server.tls == "starttls",
            tls_context=None if server.tls == "none" else server.tls_context(),
        )
        await client.connect()
    except _GIVEN_UP as error:
        raise MailNotSentError(f"The mail server cannot be used: {words_of(error, server)}") from error
    try:
        yield SmtpConnection(client, server)
        with suppress(*_GIVEN_UP):
            await client.quit(timeout=5)
    finally:
        client.close()


class SmtpConnection:
    """A connection that is ready for mails, one after the other."""

    def __init__(self, client: SMTP, server: MailServer) -> None:
        """Take over a client that is connected."""
        self._client = client
        self._server = server

    @property
    def is_open(self) -> bool:
        """Whether another mail can be sent."""
        return self._client.is_connected

    async def hand_over(self, letter: Letter, *, begin: Callable[[], Awaitable[bool]]) -> None:
        """Send one mail. ``begin`` is asked right before the final dot: False stops there.

        Until the dot the server has no mail, whatever happens (RFC 5321 section 4.1.1.4); after it only its answer
        tells.

        Raises:
            MailNotSentError, OutcomeUnknownError, MailTakenOverError
        """
        try:
            protocol = await self._up_to_dot(letter)
        except _GIVEN_UP as error:
            await self._forget()
            raise MailNotSentError(words_of(error, self._server), for_good=is_for_good(error)) from error
        if not await begin():
            self._client.close()
            raise MailTakenOverError
        try:
            protocol.write(b".\r\n")
        except _GIVEN_UP as error:
            raise MailNotSentError(words_of(error, self._server)) from error
        await self._answer(protocol)

    async def _up_to_dot(self, letter: Letter) -> SMTPProtocol:
        options = ["SMTPUTF8"] if letter.wide else []
        encoding = "utf-8" if letter.wide else "ascii"
        if letter.wide and not self._client.supports_extension("smtputf8"):
            raise SMTPResponseException(553, "this mail server takes no address with other letters than ASCII's")
        await self._client.mail(letter.sender, options=options, encoding=encoding)
        await self._client.rcpt(letter.recipient, encoding=encoding)
        answer = await self._client.execute_command(b"DATA")
        protocol = self._client.protocol
        if answer.code != 354 or protocol is None:
            raise SMTPResponseException(answer.code, answer.message)
        content = letter.content if letter.content.endswith(b"\r\n") else letter.content + b"\r\n"
        protocol.write(_DOT.sub(b"..", content))
        return protocol

    async def _answer(self, protocol: SMTPProtocol) -> None:
        try:
            answer = await protocol.read_response(timeout=ANSWER_S)
        except _GIVEN_UP as error:
            self._client.close()
            raise OutcomeUnknownError(
                "The connection was lost after the mail was handed over, before the server answered."
            ) from error
        if answer.code // 100 != 2:
            refused = SMTPResponseException(answer.code, answer.message)
            raise MailNotSentError(words_of(refused, self._server), for_good=is_for_good(refused))

    async def _forget(self) -> None:
        """Begin anew on this connection, if it is still there: the next mail is another one."""
        with suppress(*_GIVEN_UP):
            await self._client.rset()


def is_for_good(error: BaseException) -> bool:
    """Whether the server said no for this mail at any time (5yz, RFC 5321 section 4.2.1)."""
    return isinstance(error, SMTPResponseException) and 500 <= error.code <= 599


def words_of(error: BaseException, server: MailServer) -> str:
    """Return what went wrong as a person can act on it; never the password, should a server echo it."""
    if isinstance(error, SMTPResponseException):
        text = f"{error.code} {' '.join(str(error.message).split())}"
    else:
        text = " ".join(str(error).split()) or type(error).__name__
    for secret in (server.password, server.user):
        if secret:
            text = text.replace(secret, "…")
    return "".join(sign for sign in text if sign.isprintable())[:250]
