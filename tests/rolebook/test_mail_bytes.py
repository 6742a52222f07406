"""What names from outside may hold never becomes a header of its own."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.errors import InvalidError
from directory.mail_addresses import parse_address
from directory.mail_delivery import Claim
from directory.model import TenantId
from directory.outbox import Attachment, one_line
from rolebook.mail_bytes import mail_bytes
from rolebook.mail_server import MailSender

NAMES = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
PART_NAMES = {"Content-Type", "Content-Transfer-Encoding", "MIME-Version", "Content-Disposition"}
SMUGGLED = "=?utf-8?q?Ann=0d=0aBcc=3a_eve=40example.net=0d=0a=0d=0aHello?="
PIECES = ("=?", "?=", "=", "?", SMUGGLED, "=?unknown-8bit?q?=ff?=", "=?utf-8?b?AAA?=", "\r\n", "Bcc:", '"', "<", "é")
TEXTS = st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)


def claim_with(*, subject: str = "x", recipient: str = "ann@example.org", file_name: str = "x.csv") -> Claim:
    return Claim(
        tenant_id=TenantId(UUID(int=1)),
        message_id=UUID(int=2),
        epoch=1,
        tries=1,
        slug="acme",
        message_ref="<1@example.com>",
        recipient=recipient,
        subject=subject,
        text="Hello.\n",
        html=None,
        attachments=(Attachment(name=file_name, media_type="text/csv", content=b"a\r\n"),),
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
    )


def read_back(claim: Claim, *, name: str = "Rolebook") -> EmailMessage:
    """Return the mail as a mailbox reads it."""
    content = mail_bytes(claim, MailSender(name, "rolebook@example.com"), public_url="https://rolebook.test")
    mail = message_from_bytes(content, policy=policy.default)
    assert mail.keys() == NAMES
    assert {key for part in mail.iter_parts() for key in part.keys()} <= PART_NAMES  # noqa: SIM118 - it is no dict
    assert len(list(mail.iter_parts())) == 2
    return mail


@given(text=TEXTS)
def test_any_name_in_a_subject_a_file_name_or_the_senders_name_stays_where_it_is(text: str) -> None:
    mail = read_back(claim_with(subject=text, file_name=text), name=text)

    assert "".join(str(mail["Subject"]).split()) == "".join(one_line(text).split())


@given(local=TEXTS)
def test_any_address_that_is_taken_stays_an_address(local: str) -> None:
    try:
        recipient = parse_address(f"{local}@example.org")
    except InvalidError:
        return
    mail = read_back(claim_with(recipient=recipient))

    (found,) = mail["To"].addresses
    assert found.addr_spec.encode(errors="surrogateescape").decode() == recipient


def test_an_encoded_word_is_broken_in_text_and_refused_in_an_address() -> None:
    mail = read_back(claim_with(subject=f"Report of {SMUGGLED}", file_name=f"{SMUGGLED}.csv"), name=SMUGGLED)

    assert "= ?utf-8?q?" in mail["Subject"]
    with pytest.raises(InvalidError, match="before its @"):
        parse_address(f"{SMUGGLED}@example.org")
