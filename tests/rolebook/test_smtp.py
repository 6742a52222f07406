"""Mail servers: what the settings say of one, TLS, passwords, and that neither is ever shown."""

from pathlib import Path

import pytest

from directory.errors import InvalidError
from directory.mail_addresses import parse_address
from rolebook.mail_server import MailServer, parse_mail_sender, parse_mail_server
from rolebook.settings import Settings, SettingsError
from rolebook.smtp import Letter, MailNotSentError, connected
from tests.fakes.certificates import certificate_files
from tests.fakes.mail_sink import Faults, mail_sink

pytestmark = pytest.mark.anyio


async def always() -> bool:
    return True


LETTER = Letter(sender="rolebook@example.com", recipient="ann@example.org", content=b"Subject: x\r\n\r\nHello\r\n")


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("smtp://mail.example", MailServer(host="mail.example", port=587, tls="starttls")),
        ("smtp://localhost:1025", MailServer(host="localhost", port=1025, tls="none")),
        ("smtps://mail.example", MailServer(host="mail.example", port=465, tls="implicit")),
        ("smtp://mail.example?tls=none", MailServer(host="mail.example", port=25, tls="none")),
        (
            "smtp://ann%40example.com:p%40ss%2Fword@mail.example:2525",
            MailServer(host="mail.example", port=2525, tls="starttls", user="ann@example.com", password="p@ss/word"),
        ),
    ],
)
def test_the_address_of_a_mail_server_is_read(text: str, server: MailServer) -> None:
    assert parse_mail_server(text) == server


@pytest.mark.parametrize(
    "text",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example/path",
        "smtp://ann:hunter2@mail.example?tls=none",
        "smtp://ann:hunter2@mail.example?tls=maybe",
        "smtp://ann:hunter2@mail.example?verify=no",
        "smtp://ann:hunter2@mail.example:99999",
        "smtp://ann:hunter2@mail.example?ca=/no/such/file",
    ],
)
def test_what_is_no_mail_server_is_refused_without_quoting_the_password(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_mail_server(text)

    assert "hunter2" not in str(caught.value)


def test_a_mail_server_needs_a_sender_and_neither_shows_the_password() -> None:
    environ = {"ROLEBOOK_SMTP_URL": "smtp://ann:hunter2@mail.example"}
    with pytest.raises(SettingsError, match="ROLEBOOK_MAIL_FROM"):
        Settings.from_env(environ)
    settings = Settings.from_env({**environ, "ROLEBOOK_MAIL_FROM": "Röle <rolebook@example.com>"})

    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(parse_mail_server(environ["ROLEBOOK_SMTP_URL"]))
    assert parse_mail_sender(settings.mail_from).name == "Röle"
    assert not settings.allow_private_webhooks
    assert Settings.from_env({"ROLEBOOK_ALLOW_PRIVATE_WEBHOOKS": "yes"}).allow_private_webhooks
    with pytest.raises(SettingsError, match="neither yes nor no"):
        Settings.from_env({"ROLEBOOK_ALLOW_PRIVATE_WEBHOOKS": "perhaps"})
    with pytest.raises(SettingsError, match="not an e-mail address"):
        Settings.from_env({"ROLEBOOK_MAIL_FROM": "nobody"})


@pytest.mark.parametrize("implicit", [False, True])
async def test_a_mail_goes_through_tls_with_a_password(tmp_path: Path, implicit: bool) -> None:
    ca_file, context = certificate_files(tmp_path)
    scheme = "smtps" if implicit else "smtp"
    async with mail_sink(tls=context, implicit=implicit, login=True) as sink:
        server = parse_mail_server(f"{scheme}://ann:right%2Bhorse@localhost:{sink.port}?tls=starttls&ca={ca_file}")
        async with connected(server, local_name="example.com") as connection:
            await connection.hand_over(LETTER, begin=always)

    assert (sink.logins, sink.secured) == ([("ann", "right+horse")], [True])


async def test_a_wrong_password_is_said_but_not_shown(tmp_path: Path) -> None:
    ca_file, context = certificate_files(tmp_path)
    async with mail_sink(tls=context, login=True) as sink:
        server = parse_mail_server(f"smtp://ann:wrong-horse@localhost:{sink.port}?tls=starttls&ca={ca_file}")
        with pytest.raises(MailNotSentError, match="cannot be used: 535") as caught:
            async with connected(server, local_name="example.com"):
                raise AssertionError("it was let in")

    assert not caught.value.for_good
    assert "wrong-horse" not in str(caught.value)


async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    _, context = certificate_files(tmp_path)
    async with mail_sink(tls=context, implicit=True) as sink:
        server = MailServer(host="localhost", port=sink.port, tls="implicit")
        with pytest.raises(MailNotSentError, match="certificate"):
            async with connected(server, local_name="example.com"):
                raise AssertionError("it was trusted")


async def test_a_server_that_offers_no_tls_gets_no_mail_where_tls_is_asked_for() -> None:
    async with mail_sink() as sink:
        server = MailServer(host="127.0.0.1", port=sink.port, tls="starttls")
        with pytest.raises(MailNotSentError):
            async with connected(server, local_name="example.com"):
                raise AssertionError("it went on in the clear")

    assert sink.taken == []


async def test_a_server_that_is_not_there_is_said() -> None:
    async with mail_sink() as gone:
        pass
    server = MailServer(host="127.0.0.1", port=gone.port, tls="none")
    with pytest.raises(MailNotSentError, match="cannot be used"):
        async with connected(server, local_name="example.com"):
            raise AssertionError("nobody is there")


async def test_several_mails_go_through_one_connection_and_a_refused_one_harms_no_other() -> None:
    async with mail_sink() as sink:
        server = MailServer(host="127.0.0.1", port=sink.port, tls="none")
        async with connected(server, local_name="example.com") as connection:
            await connection.hand_over(LETTER, begin=always)
            sink.faults = Faults(forbids={"rcpt": 1.0})
            with pytest.raises(MailNotSentError) as caught:
                await connection.hand_over(LETTER, begin=always)
            sink.faults = Faults()
            assert connection.is_open
            await connection.hand_over(LETTER, begin=always)

    assert caught.value.for_good
    assert sink.recipients == [["ann@example.org"], ["ann@example.org"]]


@pytest.mark.parametrize(
    "text",
    ["ann@example.org", "ann.lee+it@sub.example.org", "ünï@example.org", "ann@bücher.example", " ann@example.org "],
)
def test_an_address_is_taken(text: str) -> None:
    assert parse_address(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.org",
        "ann@",
        "ann@example",
        "ann@@example.org",
        "ann lee@example.org",
        "ann@example.org\r\nBcc: eve@example.net",
        "ann@exam ple.org",
        "a" * 65 + "@example.org",
        "ann@127.0.0.1",
        "ann@[127.0.0.1]",
        ".ann@example.org",
        '"ann"@example.org',
        "ann@example.org, eve@example.net",
        "<ann@example.org>",
        "ann@-example.org",
        "a@" + "b" * 64 + ".org",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        parse_address(text)


def test_a_sender_is_written_in_ascii_apart_from_its_domain() -> None:
    assert parse_mail_sender("Röle <rolebook@bücher.example>").domain == "xn--bcher-kva.example"
    with pytest.raises(ValueError, match="use ASCII"):
        parse_mail_sender("Rolebook <bücher@example.com>")
