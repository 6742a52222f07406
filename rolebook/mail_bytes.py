"""A queued mail as the bytes that go over the wire (RFC 5322, MIME): the same ones at every try."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from directory.mail_addresses import envelope_address
from directory.mail_delivery import Claim
from directory.outbox import PORTAL_ADDRESS, one_line
from rolebook.mail_server import MailSender

ASCII = SMTP.clone(cte_type="7bit")
WIDE = ASCII.clone(utf8=True)
"""For the few whose local part is not ASCII: their servers speak SMTPUTF8 (RFC 6531)."""


def mail_bytes(claim: Claim, sender: MailSender, *, public_url: str) -> bytes:
    """Return the mail: plain text, HTML beside it where there is one, and its attachments."""
    portal = f"{public_url}/t/{claim.slug}"
    mail = EmailMessage(policy=ASCII if is_plain(claim.recipient) else WIDE)
    mail["From"] = _address(sender.name, sender.address)
    mail["To"] = _address("", claim.recipient)
    mail["Subject"] = one_line(claim.subject)
    mail["Date"] = format_datetime(claim.created_at)
    mail["Message-ID"] = claim.message_ref
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    mail.set_content(claim.text.replace(PORTAL_ADDRESS, portal))
    if claim.html is not None:
        mail.add_alternative(claim.html.replace(PORTAL_ADDRESS, portal), subtype="html")
    for one in claim.attachments:
        main, _, sub = one.media_type.partition("/")
        mail.add_attachment(one.content, maintype=main, subtype=sub or "octet-stream", filename=one_line(one.name))
    return mail.as_bytes()


def is_plain(recipient: str) -> bool:
    """Whether every mail server takes the address: all but its domain, which has a form in ASCII, is ASCII."""
    return recipient.rpartition("@")[0].isascii()


def _address(name: str, address: str) -> Address:
    local, _, domain = envelope_address(address).rpartition("@")
    return Address(display_name=one_line(name), username=local, domain=domain)
