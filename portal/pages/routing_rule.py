"""The form of a routing rule: a new one, or one that is there; it leads to the preview."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from litestar import Response

from directory import group_lists, groups, sources
from directory.errors import InvalidError, NotFoundError
from directory.group_lists import GroupFilter, GroupOrder
from directory.model import GroupId
from directory.routes.apply import apply_unseen
from directory.routes.drafts import draft_of
from directory.routes.rules import AddRule, EditRule, RuleChange, RuleLine, RuleList, list_rules
from portal.auth import does, shows
from portal.forms import Form, parse_uuid, path_uuid
from portal.rendering import go, page
from portal.routing_forms import PATHS, TENANTS_SHOWN, draft_from, fields_of, note_error, when_of
from portal.routing_words import DONE, WHENS, WHENS_OF_GROUPS, check_super, preview_path
from portal.visit import PortalRequest, form_pairs

ROUTING = "/t/{slug:str}/routing"
RULE = f"{ROUTING}/{{rule_id:str}}"
GROUPS_MAX = 100
SEARCH_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The form as it was asked for or sent."""

    form: Form
    chosen: tuple[str, ...]
    """The slugs of the tenants that it names."""
    line: RuleLine | None = None
    """The rule that is changed; None: a new one."""


@shows(f"{ROUTING}/new", access="mappings:manage")
async def ask(request: PortalRequest) -> Response[bytes]:
    """Ask for a new rule; what the address says is filled in."""
    check_super(request)
    params: Mapping[str, str] = request.query_params
    form = Form({name: params.get(name, "") for name in ("kind", "when", "group_id", "source_id", "path", "values")})
    form.fields = {**form.fields, "test": "one_of", "q": params.get("q", "")[:SEARCH_MAX]}
    return await _form_page(request, Asked(form=form, chosen=tuple(request.query_params.getall("tenant", []))))


@does(f"{ROUTING}/new", access="mappings:manage")
async def add(request: PortalRequest) -> Response[bytes]:
    """Propose a rule for the end of the list."""
    asked = await _sent(request)
    found = await list_rules(request.auth.operator.tenant.tenant_id)
    draft = draft_from(asked.form, asked.chosen, found.tenants)
    return await _form_page(request, asked) if draft is None else await _propose(request, AddRule(draft=draft), asked)


@shows(RULE, access="mappings:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show a rule to be changed."""
    line = await _line(request)
    when = request.query_params.get("when", "")
    fields = fields_of(draft_of(line.rule))
    if when:
        fields |= {"when": when, "q": request.query_params.get("q", "")[:SEARCH_MAX]}
    form = Form(fields)
    return await _form_page(
        request, Asked(form=form, chosen=tuple(one.slug for one in line.tenants if not one.gone), line=line)
    )


@does(RULE, access="mappings:manage")
async def edit(request: PortalRequest) -> Response[bytes]:
    """Propose a rule to be another one, at its place."""
    line = await _line(request)
    sent = await _sent(request)
    asked = Asked(form=sent.form, chosen=sent.chosen, line=line)
    found = await list_rules(request.auth.operator.tenant.tenant_id)
    draft = draft_from(asked.form, asked.chosen, found.tenants)
    if draft is None:
        return await _form_page(request, asked)
    return await _propose(request, EditRule(rule_id=line.rule.rule_id, draft=draft), asked)


async def _sent(request: PortalRequest) -> Asked:
    check_super(request)
    pairs = await form_pairs(request)
    return Asked(form=Form(dict(pairs)), chosen=tuple(value for name, value in pairs if name == "tenant"))


async def _line(request: PortalRequest) -> RuleLine:
    check_super(request)
    rule_id = path_uuid(request, "rule_id")
    found: RuleList = await list_rules(request.auth.operator.tenant.tenant_id)
    for line in found.lines:
        if line.rule.rule_id == rule_id:
            return line
    raise NotFoundError("rule", rule_id)


async def _propose(request: PortalRequest, change: RuleChange, asked: Asked) -> Response[bytes]:
    visit = request.auth
    try:
        saved = await apply_unseen(change, by=visit.by, now=visit.now)
    except InvalidError as error:
        note_error(asked.form, error)
        return await _form_page(request, asked)
    return go(request, visit.path("routing"), done=DONE[type(change)]) if saved else _to_preview(request, change)


def _to_preview(request: PortalRequest, change: RuleChange) -> Response[bytes]:
    return go(request, preview_path(request.auth, change))


async def _form_page(request: PortalRequest, asked: Asked) -> Response[bytes]:
    visit = request.auth
    tenant_id = visit.operator.tenant.tenant_id
    found = await list_rules(tenant_id)
    kind, when = when_of(asked.form)
    return page(
        request,
        "routing_rule/page.html",
        status_code=422 if asked.form.errors else 200,
        line=asked.line,
        form=asked.form,
        chosen=asked.chosen,
        kind=kind,
        when=when,
        whens=[(one, WHENS[one]) for one in (WHENS_OF_GROUPS if kind == "group" else WHENS)],
        tenants=found.tenants,
        shows_boxes=len(found.tenants) <= TENANTS_SHOWN,
        reads_all=found.policy.matches == "all",
        paths=PATHS,
        groups=await _groups(request, asked.form) if when == "group" else [],
        connections=await sources.list_sources(tenant_id) if when == "source" else [],
    )


async def _groups(request: PortalRequest, form: Form) -> list[tuple[UUID, str]]:
    """Return the groups that the form offers: those that a search finds, and the one that was chosen."""
    tenant_id = request.auth.operator.tenant.tenant_id
    wanted = GroupFilter(text=form.fields.get("q", ""))
    found = await group_lists.list_groups(tenant_id, wanted, GroupOrder(), after=None, limit=GROUPS_MAX)
    offered: list[tuple[UUID, str]] = [(one.group_id, one.display_name) for one in found.groups]
    chosen = parse_uuid(form.fields.get("group_id", ""))
    if chosen is None or any(group_id == chosen for group_id, _ in offered):
        return offered
    try:
        group = await groups.get_group(tenant_id, GroupId(chosen))
    except NotFoundError:
        return offered
    return [(group.group_id, group.attributes.display_name), *offered]


HANDLERS = (ask, add, show, edit)
