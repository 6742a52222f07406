"""Actions on many users: chosen, previewed, applied as a job whose progress is shown."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Response

from directory import access_roles, bulk_drafts, bulk_jobs, exports
from directory.accounts import AccountFilter
from directory.bulk_jobs import BulkItem, BulkJob, Kind
from directory.errors import InvalidError, NotFoundError, StaleError
from directory.model import AccessRole, RoleId, UserId
from directory.plan_bulk import Deed, Order
from portal.account_search import Search, params_from, search_in, search_of
from portal.auth import does, shows
from portal.bulk_words import DEEDS, REASONS, SENTENCES, STOPS, status_words, title_for, words_after
from portal.csv_export import Cell, send_csv
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.rendering import go, page
from portal.streams import Update, fragment, stream
from portal.visit import PortalRequest

BULK = "/t/{slug:str}/sub-accounts/bulk"
JOB = f"{BULK}/{{job_id:str}}"
PICKED_MAX = 1_000
REASON_CHARS_MAX = 300
SAMPLE = 10
PEOPLE_MAX = 100
KINDS: tuple[Kind, ...] = ("changes", "left", "skipped")
FRAGMENTS = {"sub-accounts-bulk-job": "sub_accounts_bulk/_job.html"}
MORE = {"sub-accounts-bulk-people-more": "sub_accounts_bulk/_more.html"}
COLUMNS = ("Id", "Name", "User name", "Before", "After", "Locked before", "Effect", "Outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Whom an action is for, as the form carries it on."""

    search: Search
    picked: tuple[UserId, ...]
    everybody: bool
    """All whom the filter finds, and not only those who were picked."""

    @property
    def wanted(self) -> AccountFilter:
        """The users who are meant."""
        return self.search.wanted if self.everybody else AccountFilter(user_ids=self.picked)

    @property
    def words(self) -> str:
        """The same in words."""
        if self.everybody:
            return self.search.words or "Everybody"
        return "1 person who was picked" if len(self.picked) == 1 else f"{len(self.picked)} people who were picked"

    @property
    def fault(self) -> str:
        """Why nothing can be done with this choice; empty if something can."""
        if self.everybody and self.search.unread:
            return f"These filters could not be read: {', '.join(self.search.unread)}. Choose the people anew."
        return "" if self.everybody or self.picked else "Pick somebody first, or tick that all who match are meant."


@shows(BULK, access="users:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the actions of the last weeks, and the drafts of the operator."""
    roles = await _roles(request)
    jobs = await bulk_jobs.list_jobs(by=request.auth.by)
    titles = {job.job_id: title_for(job, roles) for job in jobs}
    return page(request, "sub_accounts_bulk/list.html", jobs=jobs, titles=titles)


@shows(f"{BULK}/new", access="users:manage")
async def ask(request: PortalRequest) -> Response[bytes]:
    """Ask for what an action on the chosen people needs to know."""
    params = request.query_params
    search, _ = await search_of(request)
    chosen = Chosen(search=search, picked=_ids(params.getall("user_id", [])), everybody=params.get("all") == "yes")
    if params.get("deed") == "export" and not chosen.fault:
        return go(request, _export_path(request, chosen))
    form = Form({"deed": params.get("deed", "")})
    return await _ask_page(request, form, chosen, form.choice("deed", tuple(DEEDS)))


@does(BULK, access="users:manage")
async def draft(request: PortalRequest) -> Response[bytes]:
    """Find out what the action would come to."""
    form, visit = await read_form(request), request.auth
    deed = form.choice("deed", tuple(DEEDS))
    search, _ = await search_in(request, params_from(form.fields.get("query", "")))
    picked = _ids(form.fields.get("picked", "").split())
    chosen = Chosen(search=search, picked=picked, everybody=form.fields.get("all") == "yes")
    order = _order(request, form, deed)
    if form.errors or chosen.fault:
        return await _ask_page(request, form, chosen, deed, sent=True)
    try:
        job = await bulk_drafts.draft(order, chosen.wanted, chosen.words, by=visit.by, now=visit.now)
    except InvalidError as error:
        name = "role_id" if error.attribute == "role" else error.attribute
        form.errors[name] = f"{error.attribute.capitalize()} {error.reason}."
        return await _ask_page(request, form, chosen, deed, sent=True)
    return go(request, visit.path("sub-accounts", "bulk", job.job_id))


@shows(JOB, access="users:manage")
async def show_job(request: PortalRequest) -> Response[bytes]:
    """Show the preview, the progress or the result of an action."""
    return await _job_page(request, await _job(request))


@shows(f"{JOB}/stream", access="users:manage")
async def watch(request: PortalRequest) -> Response[Any]:
    """Send the action's page anew whenever it got further."""
    await _job(request)

    async def look(mark: str | None) -> Update | None:
        job = await _job(request)
        if mark_of(job) == mark:
            return None
        html = fragment(request, "sub_accounts_bulk/_job.html", **await _shown(request, job))
        return Update(mark=mark_of(job), html=html, done=job.state not in {"drafting", "running"})

    return stream(request, look)


@does(f"{JOB}/apply", access="users:manage", fresh=True)
async def apply(request: PortalRequest) -> Response[bytes]:
    """Apply what was shown; sent twice, it is done once."""
    form, visit = await read_form(request), request.auth
    job = await _job(request)
    plan_hash = form.fields.get("plan_hash", "")
    try:
        await bulk_jobs.apply_draft(job.job_id, plan_hash, by=visit.by, now=visit.now)
    except (StaleError, bulk_jobs.OldDraftError) as error:
        return await _job_page(request, job, refusal=str(error), status_code=409)
    return go(request, visit.path("sub-accounts", "bulk", job.job_id))


@does(f"{JOB}/cancel", access="users:manage")
async def cancel(request: PortalRequest) -> Response[bytes]:
    """Stop an action, or drop its preview."""
    visit = request.auth
    job = await _job(request)
    await bulk_jobs.cancel_job(job.job_id, by=visit.by, now=visit.now)
    if job.started_at is None:
        return go(request, visit.path("sub-accounts"), done="bulk-dropped")
    return go(request, visit.path("sub-accounts", "bulk", job.job_id), done="bulk-cancelled")


@shows(f"{JOB}/people", access="users:manage")
async def show_people(request: PortalRequest) -> Response[bytes]:
    """Show everybody who changes, who is left alone, or who was skipped."""
    job, kind = await _job(request), _kind(request)
    after = parse_uuid(request.query_params.get("after", ""))
    found = await bulk_jobs.list_items(job, kind, after=after, limit=PEOPLE_MAX + 1)
    items = found[:PEOPLE_MAX]
    return page(
        request,
        "sub_accounts_bulk/people.html",
        fragments=MORE,
        **await _shown(request, job),
        items=items,
        kind=kind,
        next_after=items[-1].outlook.user_id if len(found) > PEOPLE_MAX else None,
    )


@shows(f"{JOB}/people.csv", access="users:manage", fresh=True)
async def export_people(request: PortalRequest) -> Response[Any]:
    """Send them as CSV."""
    job, kind = await _job(request), _kind(request)
    roles, visit = await _roles(request), request.auth
    words = f"{DEEDS[job.order.deed]}: {kind}"
    await exports.record_list("People of an action on many", words, by=visit.by, now=visit.now)
    return await send_csv(request, f"bulk-{kind}.csv", COLUMNS, _lines(job, kind, roles))


async def _lines(job: BulkJob, kind: Kind, roles: dict[RoleId, AccessRole]) -> AsyncIterator[Sequence[Cell]]:
    async for item in bulk_jobs.each_item(job, kind):
        outlook = item.outlook
        yield (
            str(outlook.user_id),
            item.display_name,
            item.user_name,
            status_words(outlook.from_role_id, roles, active=outlook.from_active),
            words_after(outlook, job, roles),
            outlook.locked,
            REASONS[outlook.effect],
            None if item.outcome is None else REASONS[item.outcome],
        )


def mark_of(job: BulkJob) -> str:
    """Return a text that is another one whenever the action got further."""
    return f"{job.state}-{job.item_count}-{job.settled_count}"


def _order(request: PortalRequest, form: Form, deed: Deed) -> Order:
    """Return what is to be done; what is wrong with it stands in the form."""
    if deed not in {"lock", "disable"}:
        return Order(deed=deed)
    reason = form.text("reason", chars_max=REASON_CHARS_MAX)
    if deed == "disable":
        return Order(deed=deed, reason=reason)
    until = form.end_of_day("until", after=request.auth.now)
    return Order(deed=deed, role_id=RoleId(form.ident("role_id")), reason=reason, until=until)


def _ids(texts: Sequence[str]) -> tuple[UserId, ...]:
    found = (parse_uuid(text) for text in texts[:PICKED_MAX])
    return tuple(dict.fromkeys(UserId(ident) for ident in found if ident is not None))


def _export_path(request: PortalRequest, chosen: Chosen) -> str:
    query = chosen.search.query() if chosen.everybody else "&".join(f"user_id={one}" for one in chosen.picked)
    return f"{request.auth.path('sub-accounts', 'export.csv')}?{query}"


def _kind(request: PortalRequest) -> Kind:
    """Return which list is asked for.

    Raises:
        NotFoundError: none that there is.
    """
    asked = request.query_params.get("kind", "changes")
    for kind in KINDS:
        if kind == asked:
            return kind
    raise NotFoundError("list", asked)


async def _job(request: PortalRequest) -> BulkJob:
    return await bulk_jobs.get_job(path_uuid(request, "job_id"), by=request.auth.by)


async def _roles(request: PortalRequest) -> dict[RoleId, AccessRole]:
    roles = await access_roles.list_roles(request.auth.operator.tenant.tenant_id)
    return {role.role_id: role for role in roles}


async def _ask_page(
    request: PortalRequest, form: Form, chosen: Chosen, deed: Deed, *, sent: bool = False
) -> Response[bytes]:
    roles = await _roles(request)
    return page(
        request,
        "sub_accounts_bulk/new.html",
        status_code=422 if sent or chosen.fault or form.errors else 200,
        form=form,
        chosen=chosen,
        deed=deed,
        title=DEEDS[deed],
        sentence=SENTENCES[deed],
        roles=[role for role in roles.values() if request.auth.covers(role)],
    )


async def _job_page(
    request: PortalRequest, job: BulkJob, *, refusal: str = "", status_code: int = 200
) -> Response[bytes]:
    shown = await _shown(request, job, refusal=refusal)
    return page(request, "sub_accounts_bulk/job.html", fragments=FRAGMENTS, status_code=status_code, **shown)


async def _shown(request: PortalRequest, job: BulkJob, *, refusal: str = "") -> dict[str, Any]:
    """Return what the templates of one action are told."""
    roles = await _roles(request)
    left = [(REASONS[pair.effect], pair) for pair in job.pairs if pair.effect != "change"]
    is_draft = job.state == "draft"
    sample = await bulk_jobs.list_items(job, "changes", after=None, limit=SAMPLE) if is_draft else []
    return {
        "job": job,
        "title": title_for(job, roles),
        "sentence": SENTENCES[job.order.deed],
        "mark": mark_of(job),
        "pairs": _pairs(job, roles),
        "left": _summed([(words, pair.count) for words, pair in left]),
        "skipped": [(REASONS[outcome], count) for outcome, count in await _skipped(job)],
        "sample": [(item, *_before_and_after(item, job, roles)) for item in sample],
        "reasons": REASONS,
        "told": lambda item: _before_and_after(item, job, roles),
        "refusal": refusal,
        "stopped": STOPS[job.end_reason],
        "under_way": job.state in {"drafting", "running"},
    }


async def _skipped(job: BulkJob) -> list[tuple[bulk_jobs.Outcome, int]]:
    return await bulk_jobs.count_skipped(job) if job.skipped_count else []


def _pairs(job: BulkJob, roles: dict[RoleId, AccessRole]) -> list[tuple[str, str, int, bool]]:
    def privileged(role_id: UUID) -> bool:
        role = roles.get(RoleId(role_id))
        return role is not None and role.privileged

    return [
        (
            status_words(pair.from_role_id, roles, active=pair.from_active),
            words_after(pair, job, roles),
            pair.count,
            pair.to_active and privileged(pair.to_role_id) and pair.from_role_id != pair.to_role_id,
        )
        for pair in job.pairs
        if pair.effect == "change"
    ]


def _summed(counts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for words, count in counts:
        found[words] = found.get(words, 0) + count
    return list(found.items())


def _before_and_after(item: BulkItem, job: BulkJob, roles: dict[RoleId, AccessRole]) -> tuple[str, str]:
    outlook = item.outlook
    before = status_words(outlook.from_role_id, roles, active=outlook.from_active)
    return before, words_after(outlook, job, roles)


HANDLERS = (show, ask, draft, show_job, watch, apply, cancel, show_people, export_people)
