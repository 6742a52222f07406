"""The report of who is where: which tenants a super tenant's users are in, as what, and why."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from directory.errors import InvalidError
from directory.page_keys import parse_texts, render_texts
from directory.report_people import person_of, status_words
from directory.report_shapes import Asked, Column, Figure, Option, Report, ReportPage, ReportRow, Summary
from directory.store.routes import reports
from directory.store.routes.reports import COUNTED_MAX, Routes
from directory.store.unit import Row

Place = tuple[datetime, UUID, UUID]
"""Behind what a page begins: a time, where rows are in its order, a user, and a tenant."""

_START: Place = (datetime.min.replace(tzinfo=UTC), UUID(int=0), UUID(int=0))
_PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"all": ("all", "unrouted"), "there": ("there",), "problem": ("problem",), "unrouted": ("unrouted",)}
)
_STATES = (
    ("all", "Everybody"),
    ("there", "Who is where they should be"),
    ("problem", "Held, met or refused"),
    ("unrouted", "Who is in no tenant"),
)
STATE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "there": "There",
        "held": "Leaving is held by the guard there",
        "met": "Met somebody there: the tenant decides",
        "refused": "Refused",
    }
)
UNROUTED_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "no rule": "No rule fits",
        "tenant is gone": "The rule names a tenant that is gone",
        "name is unknown": "Names a tenant that there is not",
    }
)


async def _page(asked: Asked, after: str | None, limit: int) -> ReportPage:
    """Return rows part by part: a page may begin among the routes and end among the unrouted."""
    to_tenant_id = await _tenant(asked)
    parts = [part for part in _PARTS[asked.options["state"]] if part != "unrouted" or to_tenant_id is None]
    at, behind = (0, _START) if after is None else _place_of(after, parts)
    found: list[tuple[str, Row]] = []
    while at < len(parts) and len(found) <= limit:
        rows = await _READERS[parts[at]](asked, to_tenant_id, behind, limit + 1 - len(found))
        found += [(parts[at], row) for row in rows]
        at, behind = at + 1, _START
    page = found[:limit]
    return ReportPage(
        rows=[_unrouted(row) if part == "unrouted" else _route(row) for part, row in page],
        next_after=_rendered(*page[-1]) if len(found) > limit else None,
    )


async def _tenant(asked: Asked) -> UUID | None:
    slug = asked.options["tenant"].lower()
    if not slug:
        return None
    found = await reports.find_below(asked.tenant_id, slug)
    if found is None:
        raise InvalidError("tenant", "is none of the tenants below: write it as it stands in addresses")
    return found


async def _read_routes(asked: Asked, to_tenant_id: UUID | None, behind: Place, limit: int) -> Sequence[Row]:
    wanted: Routes = "there" if asked.options["state"] == "there" else "all"
    return await reports.list_routes(asked.tenant_id, wanted, to_tenant_id, after=behind[1:], limit=limit)


async def _read_problems(asked: Asked, to_tenant_id: UUID | None, behind: Place, limit: int) -> Sequence[Row]:
    return await reports.list_problems(asked.tenant_id, to_tenant_id, after=behind, limit=limit)


async def _read_unrouted(asked: Asked, _to_tenant_id: UUID | None, behind: Place, limit: int) -> Sequence[Row]:
    return await reports.list_unrouted(asked.tenant_id, after=behind[:2], limit=limit)


_READERS: Mapping[str, Callable[[Asked, UUID | None, Place, int], Awaitable[Sequence[Row]]]] = MappingProxyType(
    {"all": _read_routes, "there": _read_routes, "problem": _read_problems, "unrouted": _read_unrouted}
)


def _place_of(after: str, parts: Sequence[str]) -> tuple[int, Place]:
    part, since, user_id, tenant_id = parse_texts(after, 4)
    try:
        place = datetime.fromisoformat(since).astimezone(UTC), UUID(user_id), UUID(tenant_id)
    except (ValueError, OverflowError) as error:
        raise InvalidError("after", "is not a place in this list") from error
    if part not in parts:
        raise InvalidError("after", "is not a place in this list")
    return parts.index(part), place


def _rendered(part: str, row: Row) -> str:
    tenant_id = _START[2] if part == "unrouted" else row["to_tenant_id"]
    return render_texts(part, row["since"].isoformat(), str(row["user_id"]), str(tenant_id))


def _route(row: Row) -> ReportRow:
    here = row["copy_user_id"] is not None
    return (
        person_of(row["user_id"], row["display_name"], row["user_name"]),
        row["tenant_name"],
        row["role_name"],
        status_words(active=row["active"]) if here else None,
        STATE_WORDS.get(row["state"], row["state"]),
        row["problem"] or row["rule_label"] or _without_rule(row),
        row["since"],
    )


def _without_rule(row: Row) -> str:
    if row["left_at"] is not None:
        return "Deleted by the source"
    return "Fallback" if row["rule_id"] is None else "A rule that is gone"


def _unrouted(row: Row) -> ReportRow:
    why = UNROUTED_WORDS.get(row["reason"], row["reason"])
    person = person_of(row["user_id"], row["display_name"], row["user_name"])
    return (person, None, None, None, "In no tenant", why, row["since"])


async def _summary(asked: Asked) -> Summary:
    problems, unrouted = await reports.count_open(asked.tenant_id)
    return Summary(
        figures=[
            Figure(
                label="held, met or refused",
                value=problems,
                more=problems >= COUNTED_MAX,
            ),
            Figure(label="in no tenant", value=unrouted, more=unrouted >= COUNTED_MAX),
        ],
        compared=await reports.list_fullest(asked.tenant_id),
        note=f"Tenants with the most people who were led there, {reports.COMPARED_MAX} at most.",
    )


WHO_IS_WHERE = Report(
    key="who-is-where",
    sign="people",
    title="Who is where",
    sentence="Everybody with the tenants they are in, their access role and status there, and the rule that led them.",
    nothing="Nobody was led to a tenant",
    columns=(
        Column(name="Person", detail="User name"),
        Column(name="Tenant"),
        Column(name="Access role there"),
        Column(name="Status there"),
        Column(name="State"),
        Column(name="Why"),
        Column(name="Since"),
    ),
    options=(
        Option(name="tenant", label="Tenant, as in its address", suggest=reports.list_slugs),
        Option(name="state", label="Whom", choices=_STATES),
    ),
    read_page=_page,
    summarise=_summary,
    compared_by="Tenant",
    of_super_tenants=True,
)
