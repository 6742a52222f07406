"""The attribute mapping of a connection that is pulled: edited row by row, tried on people there are, then saved."""

from dataclasses import dataclass, field

from litestar import Response

from directory.errors import InvalidError
from directory.model import JsonObject
from directory.pulls import runs, sources
from directory.pulls.kinds import PullKind, current_connectors
from directory.pulls.model import PullSource
from directory.pulls.trying import RulesTried, list_inputs, try_rules
from portal.auth import does, shows
from portal.connectors_shown import CONNECTOR, TABS, connector_of, kind_of, lacks_credentials
from portal.forms import Form, read_form
from portal.rendering import go, page
from portal.rule_rows import (
    KIND_WORDS,
    TARGETS,
    RuleRow,
    edited_rows,
    filled,
    hash_of,
    read_rows,
    row_from,
    rule_from,
    short_target,
)
from portal.visit import PortalRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Editing:
    """The mapping as it stands in the form."""

    source: PullSource
    rows: list[RuleRow]
    rules: list[JsonObject] = field(default_factory=list)
    """Empty while the rows do not make rules that work, or nobody asked what they make."""
    tried: RulesTried | None = None


@shows(f"{CONNECTOR}/mapping", access="sources:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the mapping that holds, and which attributes people have."""
    source = await connector_of(request)
    kind = kind_of(source)
    rows = [row_from(rule) for rule in rules_of(source, kind)]
    return await _page(request, Editing(source=source, rows=rows), Form({}))


@does(f"{CONNECTOR}/mapping/try", access="sources:manage")
async def edit(request: PortalRequest) -> Response[bytes]:
    """Add, move or remove a row, begin anew with the provider's rules, or show what the rows would make of people."""
    source, form = await connector_of(request), await read_form(request)
    kind, deed = kind_of(source), form.fields.get("deed", "")
    if deed == "preview":
        editing = await _tried(source, form)
        return await _page(request, editing, form, previewed=not form.errors)
    rows = read_rows(form)
    rows = [row_from(rule) for rule in kind.default_rules] if deed == "reset" else edited_rows(rows, deed)
    form.errors.clear()
    return await _page(request, Editing(source=source, rows=rows), form)


@does(f"{CONNECTOR}/mapping", access="sources:manage", fresh=True)
async def save(request: PortalRequest) -> Response[bytes]:
    """Save the rows as they were previewed, and ask for a pull of everybody; others are previewed first."""
    visit, source, form = request.auth, await connector_of(request), await read_form(request)
    kind = kind_of(source)
    editing = await _tried(source, form)
    if form.errors:
        return await _page(request, editing, form)
    if form.fields.get("previewed") != hash_of(editing.rules):
        return await _page(request, editing, form, previewed=True, asks=True)
    plain = hash_of(editing.rules) == hash_of(kind.default_rules)
    await sources.edit_rules(source.source_id, None if plain else editing.rules, by=visit.by, now=visit.now)
    if source.paused or source.off or lacks_credentials(source):
        return go(request, visit.path("connectors", source.source_id), done="connector-mapping-later")
    await runs.ask_run(source.source_id, "full", cause="mapping changed", by=visit.by, now=visit.now)
    return go(request, visit.path("connectors", source.source_id), done="connector-mapping")


def rules_of(source: PullSource, kind: PullKind) -> tuple[JsonObject, ...]:
    """Return the mapping that holds: the connection's own, or what its kind begins with."""
    return kind.default_rules if source.rules is None else source.rules


async def _tried(source: PullSource, form: Form) -> Editing:
    """Return what the rows of a form come to; what is wrong with them is noted."""
    rows = filled(read_rows(form))
    rules: list[JsonObject] = []
    tried = None
    if not form.errors:
        try:
            rules = list(current_connectors().checked_rules([rule_from(row) for row in rows]))
            tried = await try_rules(source, rules)
        except InvalidError as error:
            form.errors["rules"] = f"The rules {error.reason.rstrip('.')}."
    return Editing(source=source, rows=rows, rules=rules, tried=tried)


async def _page(
    request: PortalRequest, editing: Editing, form: Form, *, previewed: bool = False, asks: bool = False
) -> Response[bytes]:
    return page(
        request,
        "connectors_mapping/page.html",
        status_code=422 if form.errors else 409 if asks else 200,
        source=editing.source,
        rows=editing.rows,
        tried=editing.tried,
        inputs=await list_inputs(editing.source),
        previewed=hash_of(editing.rules) if previewed else "",
        asks=asks,
        is_default=editing.source.rules is None,
        form=form,
        kinds=KIND_WORDS.items(),
        targets=TARGETS,
        short_target=short_target,
        tabs=TABS,
    )


HANDLERS = (show, edit, save)
