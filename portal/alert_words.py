"""Alerts, mails and webhooks in words."""

from collections.abc import Mapping
from types import MappingProxyType

from directory.alerts import AlertKind
from directory.digests import Rhythm
from directory.mail_delivery import MailState
from directory.webhook_model import DeliveryState, WebhookState

ALERT_TITLES: Mapping[AlertKind, str] = MappingProxyType(
    {
        "source_failing": "Provisioning is failing",
        "source_silent": "A connection is silent",
        "secret_ending": "A secret is ending",
        "secrets_refused": "Secrets are refused",
        "changes_held": "Changes are held",
        "drift_found": "People have access whom their directory gives none",
        "administrator_refused": "A change to the last administrator was refused",
        "report_failed": "A report was not sent",
        "webhook_failing": "A webhook is failing",
        "mail_failed": "Mails were not delivered",
        "routes_refused": "Tenants do not take users as the rules say",
        "view_asked": "Somebody of the super tenant asks to look in",
    }
)
ALERT_CHOICES: Mapping[AlertKind, str] = MappingProxyType(
    {
        "source_failing": "A connection fails: most of its requests, or its secret is refused",
        "source_silent": "A connection is silent for longer than it usually is",
        "secret_ending": "A secret ends in 30, 14, 7 or 1 days, or has ended",
        "secrets_refused": "Requests come again and again with a secret that opens nothing",
        "changes_held": "The guard holds changes until somebody decides",
        "drift_found": "A pull finds people here whom their directory has disabled, or does not have",
        "administrator_refused": "A provider asked to take access from the last administrator",
        "report_failed": "A scheduled report could not be made or sent",
        "webhook_failing": "A webhook does not answer, or was turned off for it",
        "mail_failed": "Mails could not be delivered, or may not have arrived",
        "routes_refused": "A tenant below refuses users whom the routing rules lead there, or meets somebody",
        "view_asked": "Somebody of the super tenant asks to look into this tenant",
    }
)
RHYTHM_WORDS: Mapping[Rhythm, str] = MappingProxyType({"hour": "at most hourly", "day": "at most daily"})
MAIL_STATES: Mapping[MailState, tuple[str, str, str]] = MappingProxyType(
    {
        "queued": ("Waiting", "info", "clock"),
        "sending": ("Being sent", "info", "mail"),
        "handing": ("Being sent", "info", "mail"),
        "sent": ("Sent", "good", "check"),
        "failed": ("Failed", "bad", "cross"),
        "unknown": ("Outcome unknown", "warn", "warn"),
        "left": ("Left as it is", "off", "check"),
    }
)
"""Word, colour and sign."""

DELIVERY_STATES: Mapping[DeliveryState, tuple[str, str, str]] = MappingProxyType(
    {
        "queued": ("Waiting", "info", "clock"),
        "sending": ("Being sent", "info", "arrow"),
        "delivered": ("Delivered", "good", "check"),
        "failed": ("Failed", "bad", "cross"),
    }
)
WEBHOOK_STATES: Mapping[WebhookState, tuple[str, str, str]] = MappingProxyType(
    {
        "on": ("On", "good", "check"),
        "off": ("Off", "off", "pause"),
        "broken": ("Turned off: nobody answers", "bad", "warn"),
    }
)


def alert_title(kind: str) -> str:
    """Return an alert's kind in words."""
    return next((words for known, words in ALERT_TITLES.items() if known == kind), "Alert")
