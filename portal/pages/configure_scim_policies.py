"""Policies of a connection: which provider it is, whom and what it lets in, and how its requests are read."""

from collections.abc import Mapping
from types import MappingProxyType

from litestar import Response

from directory import mappings, sources
from directory.errors import InvalidError
from directory.model import Source, SourceId
from directory.presets import settings_document
from portal.auth import does, shows
from portal.forms import Form, path_uuid, read_form
from portal.guides import GUIDES, PRESETS
from portal.rendering import go, page
from portal.visit import PortalRequest

LABEL_CHARS_MAX = 100
LIST_CHARS_MAX = 4000
SOURCE = "/t/{slug:str}/configure-scim/{source_id:str}"
SWITCHES = ("string_booleans", "create_on_missing_value_path", "group_displayname_unique", "lenient_reader")
OF_SUPER_TENANTS = ("accepts_routing",)
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "patch_response": ("body", "no_content"),
        "unknown_members": ("pending", "reject"),
        "post_existing_inactive": ("reactivate", "409"),
        "on_match": ("queue", "refuse", "apart"),
    }
)
LISTS = ("accepted_domains", "networks")


@shows(f"{SOURCE}/policies", access="sources:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show what holds for this connection."""
    return await _page(request, source := await _source(request), Form(fields_of(source)))


@does(f"{SOURCE}/policies", access="sources:manage", fresh=True)
async def save(request: PortalRequest) -> Response[bytes]:
    """Save what is to hold from now on."""
    visit, source, form = request.auth, await _source(request), await read_form(request)
    changes = _changes(form, is_super=visit.operator.tenant.is_super)
    if not form.errors:
        try:
            await sources.edit_settings(source.source_id, changes, by=visit.by, now=visit.now)
        except InvalidError as error:
            form.errors[error.attribute] = f"The list {error.reason}." if error.attribute in LISTS else error.reason
    if form.errors:
        return await _page(request, source, form)
    return go(request, visit.path("configure-scim", source.source_id, "policies"), done="source-policies")


@does(f"{SOURCE}/provider", access="sources:manage")
async def change_provider(request: PortalRequest) -> Response[bytes]:
    """Give the connection another name, or say that another provider speaks through it."""
    visit, source, form = request.auth, await _source(request), await read_form(request)
    preset = form.choice("preset", PRESETS)
    label = form.text("label", chars_max=LABEL_CHARS_MAX)
    if form.errors:
        return await _page(request, source, Form({**fields_of(source), **form.fields}), form.errors)
    await sources.edit_source(source.source_id, preset=preset, label=label, by=visit.by, now=visit.now)
    return go(request, visit.path("configure-scim", source.source_id, "policies"), done="source-changed")


def fields_of(source: Source) -> dict[str, str]:
    """Return the form as it stands."""
    told = settings_document(source.settings)
    texts = {name: str(told[name]) for name in (*CHOICES, "rate_per_s", "grace_days")}
    switches = {name: "yes" for name in (*SWITCHES, *OF_SUPER_TENANTS) if told[name]}
    lists = {name: str(told[name] or "") for name in LISTS}
    return {**texts, **switches, **lists, "preset": source.preset, "label": source.label}


def _changes(form: Form, *, is_super: bool) -> dict[str, str]:
    """Return the settings as texts; an unticked box is off, and one that the page does not show says nothing."""
    changes: dict[str, str] = {name: form.choice(name, allowed) for name, allowed in CHOICES.items()}
    switches = (*SWITCHES, *OF_SUPER_TENANTS) if is_super else SWITCHES
    changes |= {name: "on" if form.flag(name) else "off" for name in switches}
    changes["rate_per_s"] = str(form.number("rate_per_s", low=0, high=1000))
    changes["grace_days"] = str(form.number("grace_days", low=1, high=365))
    lists = {name: form.fields.get(name, "") for name in LISTS}
    long = [name for name, text in lists.items() if len(text) > LIST_CHARS_MAX]
    form.errors |= dict.fromkeys(long, f"Use at most {LIST_CHARS_MAX} characters.")
    return changes | lists


async def _page(
    request: PortalRequest, source: Source, form: Form, errors: Mapping[str, str] | None = None
) -> Response[bytes]:
    form.errors |= errors or {}
    policy = await mappings.get_policy(source.tenant_id)
    return page(
        request,
        "configure_scim_policies/page.html",
        status_code=422 if form.errors else 200,
        source=source,
        guide=GUIDES[source.preset],
        guides=GUIDES,
        form=form,
        default_role=policy.default_role,
        privileged_lines=[line for line in policy.lines if line.role.privileged],
    )


async def _source(request: PortalRequest) -> Source:
    tenant_id = request.auth.operator.tenant.tenant_id
    return await sources.get_pushed_source(tenant_id, SourceId(path_uuid(request, "source_id")))


HANDLERS = (show, save, change_provider)
