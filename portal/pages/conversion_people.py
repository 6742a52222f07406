"""Users of a conversion of user names: lists by finding and by outcome, CSV, and what one of them is to be called."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from litestar import Response

from directory import conversions, exports
from directory.conversions import Conversion, ConversionItem, ItemChoices
from directory.errors import AlreadyExistsError, ForbiddenError, InvalidError, NotFoundError
from directory.model import UserId
from directory.plan_conversions import KINDS as ALL_KINDS
from directory.plan_conversions import Kind, Outcome, Reason
from portal.auth import does, shows
from portal.conversion_words import ADVICE, KEPT, KINDS, OUTCOMES, REASONS, SKIPPED
from portal.conversions_shown import JOB, NEEDS, job_of, path_of, shown_of
from portal.csv_export import Cell, send_csv
from portal.forms import Form, parse_uuid, path_uuid, read_form
from portal.rendering import DIALOG_ID, go, page
from portal.visit import PortalRequest

PERSON = f"{JOB}/people/{{user_id:str}}"
PEOPLE_MAX = 100
ADDRESS_CHARS_MAX = 254
MORE = {"conversion-people-more": "conversion/_more.html"}
COLUMNS = ("Id", "Name", "User name", "E-mail", "Finding", "Reason", "Conflicts with", "User name to be", "Outcome")
LISTS: dict[str, tuple[Outcome, ...]] = {"done": ("done",), "skipped": SKIPPED, "restored": ("restored",), "kept": KEPT}
"""Lists of the report: what came of whom."""


@shows(f"{JOB}/people", access=NEEDS)
async def show_people(request: PortalRequest) -> Response[bytes]:
    """Show users of one finding, or of one outcome."""
    job = await job_of(request)
    found, told = await _listed(request, job)
    items = found[:PEOPLE_MAX]
    return page(
        request,
        "conversion/people.html",
        fragments=MORE,
        **await shown_of(request, job),
        **told,
        items=items,
        next_after=items[-1].user_id if len(found) > PEOPLE_MAX else None,
    )


@shows(f"{JOB}/people.csv", access=NEEDS, fresh=True)
async def export_people(request: PortalRequest) -> Response[Any]:
    """Send everybody of a finding, or all, as CSV."""
    job, visit = await job_of(request), request.auth
    kind = _kind(request)
    words = "Conversion of user names" if kind is None else f"Conversion of user names: {KINDS[kind]}"
    await exports.record_list("Conversion", words, by=visit.by, now=visit.now)
    return await send_csv(request, "user-names.csv", COLUMNS, _lines(job, kind))


async def _lines(job: Conversion, kind: Kind | None) -> AsyncIterator[Sequence[Cell]]:
    async for item in conversions.each_item(job, kind):
        yield (
            str(item.user_id),
            item.display_name,
            item.old_name,
            item.email,
            KINDS[item.kind],
            REASONS[item.reason],
            item.other_name,
            item.new_name,
            None if item.outcome is None else OUTCOMES[item.outcome],
        )


@shows(PERSON, access=NEEDS)
async def show_choice(request: PortalRequest) -> Response[bytes]:
    """Ask what one user is to be called."""
    choices = await _choices(request)
    known = choices.item.new_name in choices.addresses
    chosen = "leave" if choices.item.new_name is None else choices.item.new_name if known else "typed"
    typed = "" if known else choices.item.new_name or ""
    return await _choice_page(request, choices, Form({"name": chosen, "address": typed}))


@does(PERSON, access=NEEDS)
async def choose(request: PortalRequest) -> Response[bytes]:
    """Keep what was decided for one user."""
    form, visit, choices = await read_form(request), request.auth, await _choices(request)
    name = form.choice("name", ("leave", "typed", *choices.addresses))
    typed = form.text("address", chars_max=ADDRESS_CHARS_MAX, required=name == "typed")
    if form.errors:
        return await _choice_page(request, choices, form)
    wanted = None if name == "leave" else typed if name == "typed" else name
    job = await job_of(request)
    try:
        await conversions.choose_name(job.job_id, choices.item.user_id, wanted, by=visit.by, now=visit.now)
    except (ForbiddenError, InvalidError, AlreadyExistsError) as error:
        form.errors["address" if name == "typed" else "name"] = _words_for(error)
        return await _choice_page(request, choices, form)
    path = f"{path_of(request, job)}/people?kind={choices.item.kind}"
    return go(request, path, done="conversion-chosen")


def _words_for(error: ForbiddenError | InvalidError | AlreadyExistsError) -> str:
    match error:
        case InvalidError():
            return f"This {error.reason}."
        case ForbiddenError():
            return "Their role carries more than yours: somebody who has as much decides."
        case _:
            return "Somebody has this name, or is to have it."


async def _choices(request: PortalRequest) -> ItemChoices:
    user_id = UserId(path_uuid(request, "user_id"))
    return await conversions.get_item(path_uuid(request, "conversion_id"), user_id, by=request.auth.by)


def _kind(request: PortalRequest) -> Kind | None:
    asked = request.query_params.get("kind", "")
    return next((kind for kind in ALL_KINDS if kind == asked), None)


async def _listed(request: PortalRequest, job: Conversion) -> tuple[list[ConversionItem], dict[str, Any]]:
    """Return the users that the address asks for, one more than a page has, and what to call them.

    Raises:
        NotFoundError: no such list.
    """
    params = request.query_params
    after = parse_uuid(params.get("after", ""))
    if outcome := params.get("outcome"):
        if outcome not in LISTS:
            raise NotFoundError("list", outcome)
        found = await conversions.list_outcomes(job, LISTS[outcome], after=after, limit=PEOPLE_MAX + 1)
        return found, {"kind": None, "reason": None, "outcome": outcome, "query": f"outcome={outcome}"}
    kind = _kind(request) or "convert"
    asked = params.get("reason", "")
    reason: Reason | None = next((one for one in REASONS if one and one == asked), None)
    found = await conversions.list_items(job, kind, reason, after=after, limit=PEOPLE_MAX + 1)
    query = f"kind={kind}&reason={reason}" if reason else f"kind={kind}"
    return found, {"kind": kind, "reason": reason, "outcome": None, "query": query}


async def _choice_page(request: PortalRequest, choices: ItemChoices, form: Form) -> Response[bytes]:
    return page(
        request,
        "conversion/choice_page.html",
        fragments={DIALOG_ID: "conversion/_choice.html"},
        status_code=422 if form.errors else 200,
        job=await job_of(request),
        item=choices.item,
        addresses=choices.addresses,
        form=form,
        reasons=REASONS,
        advice=ADVICE,
    )


HANDLERS = (show_people, export_people, show_choice, choose)
