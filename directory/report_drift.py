"""The report of where a push and its directory differ: what the connections found that are pulled to compare."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args
from uuid import UUID

from directory.errors import InvalidError
from directory.model import SourceId, TenantId
from directory.page_keys import parse_texts, render_texts
from directory.report_people import person_of
from directory.report_shapes import Asked, Cell, Column, Figure, Option, Report, ReportPage, ReportRow, Subject, Summary
from directory.store.pulls import drift
from directory.store.pulls.drift import COUNTED_MAX
from directory.store.unit import Row

Kind = Literal["extra", "status", "missing", "attribute"]
KINDS: tuple[Kind, ...] = get_args(Kind)
DRIFT_WORDS: Mapping[Kind, str] = MappingProxyType(
    {
        "extra": "Not in the directory",
        "status": "Other status",
        "missing": "Not pushed",
        "attribute": "Other value",
    }
)
NEWER_WORDS: Mapping[str, str] = MappingProxyType({"here": "The push", "there": "The directory", "": "Not known"})
_ALL = "all"
_FIGURES: Mapping[Kind, tuple[str, str]] = MappingProxyType(
    {
        "extra": ("people not in the directory", "person not in the directory"),
        "status": ("people of another status", "person of another status"),
        "missing": ("people not pushed", "person not pushed"),
        "attribute": ("other values", "other value"),
    }
)


def attribute_words(target: str) -> str:
    """Return an attribute as people read it, without the address of its schema."""
    return target.rpartition(":")[2]


async def _page(asked: Asked, after: str | None, limit: int) -> ReportPage:
    kinds = KINDS if asked.options["kind"] == _ALL else (asked.options["kind"],)
    source_id, behind = (None, None) if after is None else _parsed(after)
    audits = [(SourceId(row["source_id"]), row) for row in await drift.list_auditors(asked.tenant_id)]
    found: list[tuple[SourceId, Row, ReportRow]] = []
    for audit_id, audit in audits:
        if source_id is not None and audit_id < source_id:
            continue
        place = behind if audit_id == source_id else None
        rows = await drift.list_drifts(asked.tenant_id, audit_id, kinds, after=place, limit=limit + 1 - len(found))
        found += [(audit_id, row, _row(row, audit)) for row in rows]
        if len(found) > limit:
            break
    page = found[:limit]
    return ReportPage(
        rows=[row for _, _, row in page], next_after=_rendered(*page[-1][:2]) if len(found) > limit else None
    )


def _row(row: Row, audit: Row) -> ReportRow:
    return (
        _person(row),
        DRIFT_WORDS[row["drift"]],
        attribute_words(row["target"]) or None,
        row["here"],
        row["there"],
        NEWER_WORDS[row["newer"]],
        row["since"],
        Subject(kind="source", ident=audit["audits_source_id"], name=audit["audited_label"]),
    )


def _person(row: Row) -> Cell:
    if row["user_name"] is None:
        return row["label"]  # type: ignore[no-any-return]  # a text
    return person_of(row["user_id"], row["label"], row["user_name"])


def _rendered(source_id: SourceId, row: Row) -> str:
    return render_texts(str(source_id), row["drift"], row["label"], row["ext_id"], row["target"])


def _parsed(after: str) -> tuple[SourceId, tuple[str, str, str, str]]:
    source_id, kind, label, ext_id, target = parse_texts(after, 5)
    try:
        audit_id = SourceId(UUID(source_id))
    except ValueError as error:
        raise InvalidError("after", "is not a place in this list") from error
    if kind not in KINDS:
        raise InvalidError("after", "is not a place in this list")
    return audit_id, (kind, label, ext_id, target)


async def _summary(asked: Asked) -> Summary:
    counts = await count_kinds(asked.tenant_id)
    return Summary(
        figures=[
            Figure(label=_FIGURES[kind][0], single=_FIGURES[kind][1], value=count, more=count >= COUNTED_MAX)
            for kind, count in counts.items()
        ],
        note="Disabled people who are missing on the other side are no difference.",
    )


async def count_kinds(tenant_id: TenantId) -> dict[Kind, int]:
    """Return how many differences of which kind all connections found."""
    counts = dict.fromkeys(KINDS, 0)
    for audit in await drift.list_auditors(tenant_id):
        found = await drift.count_kinds(tenant_id, audit["source_id"])
        for kind in KINDS:
            counts[kind] += found[kind]
    return counts


DRIFT = Report(
    key="drift",
    title="Drift push against pull",
    sign="plug",
    sentence="Where what was pushed differs from what its directory says when it is asked.",
    nothing="No difference found",
    columns=(
        Column(name="Person", detail="User name"),
        Column(name="Difference"),
        Column(name="Attribute"),
        Column(name="Pushed"),
        Column(name="In the directory"),
        Column(name="Newer"),
        Column(name="Since"),
        Column(name="Connection"),
    ),
    options=(
        Option(name="kind", label="Which", choices=((_ALL, "All"), *((kind, DRIFT_WORDS[kind]) for kind in KINDS))),
    ),
    read_page=_page,
    summarise=_summary,
)
