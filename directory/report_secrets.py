"""The report of secrets: which there are, and which end soon."""

from datetime import datetime, timedelta
from operator import itemgetter
from typing import cast
from uuid import UUID

from directory.model import SecretKey
from directory.page_keys import parse_key, render_key
from directory.report_shapes import Asked, Cell, Column, Figure, Option, Report, ReportPage, Subject, Summary
from directory.store import reports
from directory.store.equipment_keys import EquipmentKey
from directory.store.reports import FIRST_ID, SecretsWanted

COUNTED_MAX = 10_000
KEYS_ARE_OF = "Equipment API"
ENDING_WITHIN = timedelta(days=30)
_STATES = {"active": "Valid", "retiring": "Retiring", "expired": "Expired", "revoked": "Revoked"}


async def _secret_page(asked: Asked, after: str | None, limit: int) -> ReportPage:
    _, behind = ("", FIRST_ID) if after is None else parse_key(after, "text")
    found = await _listed(asked, cast("SecretsWanted", asked.options["which"]), behind, limit + 1)
    page = found[:limit]
    return ReportPage(
        rows=[row for _, row in page], next_after=render_key("", page[-1][0]) if len(found) > limit else None
    )


async def _listed(asked: Asked, wanted: SecretsWanted, behind: UUID, limit: int) -> list[tuple[UUID, tuple[Cell, ...]]]:
    """Return secrets of connections and keys of asset systems together, by their ids: as they were made."""
    ends_before = asked.now + ENDING_WITHIN
    secrets = await reports.list_secrets(
        asked.tenant_id, wanted, now=asked.now, ends_before=ends_before, after=behind, limit=limit
    )
    keys = await reports.list_equipment_keys(
        asked.tenant_id, wanted, now=asked.now, ends_before=ends_before, after=behind, limit=limit
    )
    found: list[tuple[UUID, tuple[Cell, ...]]] = [
        (one.secret_id, _row(Subject(kind="source", ident=one.source_id, name=label), one, asked.now))
        for one, label in secrets
    ]
    found += [(key.key_id, _row(KEYS_ARE_OF, key, asked.now)) for key in keys]
    return sorted(found, key=itemgetter(0))[:limit]


def _row(of: Cell, secret: SecretKey | EquipmentKey, now: datetime) -> tuple[Cell, ...]:
    return (
        of,
        secret.label,
        f"…{secret.last_four}",
        _STATES[secret.state(now)],
        secret.created_by,
        secret.created_at,
        secret.expires_at if secret.retiring_until is None else min(secret.expires_at, secret.retiring_until),
        secret.last_used_at,
    )


async def _sum_secrets(asked: Asked) -> Summary:
    counts: dict[SecretsWanted, int] = {"valid": 0, "ending": 0}
    for wanted in counts:
        counts[wanted] = len(await _listed(asked, wanted, FIRST_ID, COUNTED_MAX))
    return Summary(
        figures=[
            Figure(label="valid secrets", single="valid secret", value=counts["valid"]),
            Figure(label="end within 30 days", single="ends within 30 days", value=counts["ending"]),
        ]
    )


SECRETS = Report(
    key="secrets",
    sign="key",
    title="Secrets",
    sentence="Secrets of connections and asset systems: who made them, when they end, last use. Never the secret.",
    nothing="No such secret",
    columns=(
        Column(name="Connection"),
        Column(name="Secret"),
        Column(name="Ends in"),
        Column(name="State"),
        Column(name="Made by"),
        Column(name="Made"),
        Column(name="Valid until"),
        Column(name="Last used"),
    ),
    options=(
        Option(
            name="which",
            label="Which",
            choices=(("valid", "Valid ones"), ("ending", "That end within 30 days"), ("all", "All, void ones too")),
        ),
    ),
    read_page=_secret_page,
    summarise=_sum_secrets,
)
