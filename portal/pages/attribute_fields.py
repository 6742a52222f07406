"""Attribute fields: attributes under names of their own, how many people have them, and new ones with a preview."""

from typing import Any

from litestar import Response

from directory import fields
from directory.errors import AlreadyExistsError, InvalidError
from directory.fields import AttributeField, FieldPreview
from directory.model import Permission
from directory.plan_fields import FIELDS_MAX, LABEL_CHARS_MAX, PATH_CHARS_MAX
from portal.auth import does, shows
from portal.forms import Form, read_form
from portal.rendering import DIALOG_ID, go, page
from portal.visit import PortalRequest

FIELDS = "/t/{slug:str}/attribute-fields"
FIELD = f"{FIELDS}/{{field_key:str}}"
NEEDS: Permission = "settings:manage"


@shows(FIELDS, access=NEEDS)
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the fields with how many people have a value in each."""
    tenant_id = request.auth.operator.tenant.tenant_id
    known = await fields.list_fields(tenant_id)
    seen = {field.key: await fields.count_seen(tenant_id, field.key) for field in known}
    total = await fields.count_everybody(tenant_id)
    return page(request, "attribute_fields/page.html", known=known, seen=seen, total=total, fields_max=FIELDS_MAX)


@shows(f"{FIELDS}/new", access=NEEDS)
async def show_new(request: PortalRequest) -> Response[bytes]:
    """Ask which attribute, and show what it gives for real people if the address names one."""
    params = request.query_params
    form = Form({"path": params.get("path", ""), "label": params.get("label", ""), "listed": params.get("listed", "")})
    return await _new_page(request, form)


@does(f"{FIELDS}/new", access=NEEDS)
async def add(request: PortalRequest) -> Response[bytes]:
    """Add the field."""
    form, visit = await read_form(request), request.auth
    label = form.text("label", chars_max=LABEL_CHARS_MAX)
    path = form.text("path", chars_max=PATH_CHARS_MAX)
    if form.errors:
        return await _new_page(request, form)
    try:
        await fields.add_field(label, path, listed=form.flag("listed"), by=visit.by, now=visit.now)
    except (InvalidError, AlreadyExistsError) as error:
        _tell(form, error)
        return await _new_page(request, form)
    return go(request, visit.path("attribute-fields"), done="field-added")


@shows(f"{FIELD}/edit", access=NEEDS)
async def show_edit(request: PortalRequest) -> Response[bytes]:
    """Ask for another label, and whether Sub Accounts has a column."""
    field = await _field(request)
    form = Form({"label": field.label, "listed": "yes" if field.listed else ""})
    return _edit_page(request, field, form)


@does(f"{FIELD}/edit", access=NEEDS)
async def edit(request: PortalRequest) -> Response[bytes]:
    """Change the field."""
    form, visit, field = await read_form(request), request.auth, await _field(request)
    label = form.text("label", chars_max=LABEL_CHARS_MAX)
    if form.errors:
        return _edit_page(request, field, form)
    try:
        await fields.edit_field(field.key, label, listed=form.flag("listed"), by=visit.by, now=visit.now)
    except InvalidError as error:
        _tell(form, error)
        return _edit_page(request, field, form)
    return go(request, visit.path("attribute-fields"), done="field-changed")


@shows(f"{FIELD}/remove", access=NEEDS)
async def show_remove(request: PortalRequest) -> Response[bytes]:
    """Say what removing does."""
    fragments = {DIALOG_ID: "attribute_fields/_remove.html"}
    return page(request, "attribute_fields/remove_page.html", fragments=fragments, field=await _field(request))


@does(f"{FIELD}/remove", access=NEEDS)
async def remove(request: PortalRequest) -> Response[bytes]:
    """Remove the field."""
    visit, field = request.auth, await _field(request)
    await fields.remove_field(field.key, by=visit.by, now=visit.now)
    return go(request, visit.path("attribute-fields"), done="field-removed")


async def _field(request: PortalRequest) -> AttributeField:
    return await fields.get_field(request.auth.operator.tenant.tenant_id, str(request.path_params["field_key"]))


def _tell(form: Form, error: InvalidError | AlreadyExistsError) -> None:
    if isinstance(error, AlreadyExistsError):
        form.errors["path"] = "Another field reads this attribute."
    else:
        form.errors[error.attribute] = f"This {error.reason}."


async def _new_page(request: PortalRequest, form: Form) -> Response[bytes]:
    by = request.auth.by
    preview: FieldPreview | None = None
    if path := form.fields.get("path", "").strip():
        try:
            preview = await fields.preview_path(path, by=by)
        except InvalidError as error:
            form.errors.setdefault("path", f"This {error.reason}.")
    told: dict[str, Any] = {"preview": preview, "unused": await fields.list_unused_paths(by=by)}
    return page(request, "attribute_fields/new.html", status_code=422 if form.errors else 200, form=form, **told)


def _edit_page(request: PortalRequest, field: AttributeField, form: Form) -> Response[bytes]:
    return page(
        request,
        "attribute_fields/edit_page.html",
        fragments={DIALOG_ID: "attribute_fields/_edit.html"},
        status_code=422 if form.errors else 200,
        field=field,
        form=form,
    )


HANDLERS = (show, show_new, add, show_edit, edit, show_remove, remove)
