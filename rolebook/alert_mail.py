"""Alerts as mails: a digest in plain text, and the same in HTML that needs nothing from anywhere."""

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from directory.digests import Digest, DigestEntry, Told
from directory.outbox import PORTAL_ADDRESS, Message
from portal.alert_words import ALERT_TITLES

HEADINGS: Mapping[Told, str] = MappingProxyType({"new": "New", "worse": "Worse", "over": "Over"})
ORDER: tuple[Told, ...] = ("new", "worse", "over")
FOOT = "Mails of this kind come once for each thing, and again only if it gets worse or is over."


def digest_mail(digest: Digest) -> Message:
    """Return the mail that tells a recipient what is new.

    Raises:
        ValueError: the recipient has no address.
    """
    if digest.recipient.address is None:
        raise ValueError("this recipient has no address")
    return Message(
        kind="alert",
        recipient=digest.recipient.address,
        subject=subject_for(digest),
        text=_text(digest),
        html=_html(digest),
    )


def subject_for(digest: Digest) -> str:
    """Return what is the matter in one line: the first thing by name, of others how many."""
    entries = digest.entries
    first, more = entries[0], len(entries) - 1
    over = all(one.told == "over" for one in entries)
    title = ALERT_TITLES[first.alert.kind]
    words = f"Over: {title.lower()}" if over else title
    others = f" and {more} more" if more else ""
    return f"[{digest.tenant_name}] {words}: {first.alert.label}{others}"


def _text(digest: Digest) -> str:
    lines = [f"Rolebook, {digest.tenant_name}", ""]
    for told in ORDER:
        chosen = [one for one in digest.entries if one.told == told]
        if chosen:
            lines += [HEADINGS[told].upper(), ""]
            for one in chosen:
                lines += [f"* {_title(one)}", f"  {one.alert.detail}", f"  {_address(one)}", ""]
    lines += [f"All alerts: {PORTAL_ADDRESS}/alerts", FOOT, ""]
    return "\n".join(lines)


def _html(digest: Digest) -> str:
    parts = [f"<h1>{escape(digest.tenant_name)}</h1>"]
    for told in ORDER:
        chosen = [one for one in digest.entries if one.told == told]
        if chosen:
            parts.append(f"<h2>{HEADINGS[told]}</h2><ul>")
            parts += [
                f'<li><p><strong><a href="{escape(_address(one))}">{escape(_title(one))}</a></strong><br>'
                f"{escape(one.alert.detail)}</p></li>"
                for one in chosen
            ]
            parts.append("</ul>")
    parts.append(f'<p><a href="{PORTAL_ADDRESS}/alerts">All alerts</a><br>{FOOT}</p>')
    return f'<!doctype html><html lang="en"><body>{"".join(parts)}</body></html>\n'


def _title(one: DigestEntry) -> str:
    return f"{ALERT_TITLES[one.alert.kind]}: {one.alert.label}"


def _address(one: DigestEntry) -> str:
    return f"{PORTAL_ADDRESS}/{one.alert.path}"
