"""Equipment from a file: what each line comes to, then what was shown is applied."""

from typing import Literal

from litestar import Response

from directory import equipment_imports
from directory.equipment_csv import BYTES_MAX, LINES_MAX
from directory.equipment_imports import EquipmentImport
from directory.errors import InvalidError, RefusedError
from directory.plan_import import Verdict
from portal.auth import does, shows
from portal.forms import Form, path_uuid, read_form
from portal.rendering import go, page
from portal.visit import PortalRequest

IMPORTS = "/t/{slug:str}/equipment/import"
ONE = f"{IMPORTS}/{{import_id:str}}"
LINES_SHOWN = 100
LISTED_MAX = 10
KINDS: tuple[Verdict | Literal["failed"], ...] = ("wrong", "failed", "new", "changed", "same")


@shows(IMPORTS, access="users:manage")
async def show_new(request: PortalRequest) -> Response[bytes]:
    """Ask for a file, and show what was brought in lately."""
    return await _new_page(request, Form({}))


@does(IMPORTS, access="users:manage", upload=True)
async def draft(request: PortalRequest) -> Response[bytes]:
    """Read the file, or the pasted text, and show what its lines come to."""
    form, visit = await read_form(request), request.auth
    text, name = form.fields.get("file", ""), form.fields.get("file_name", "")
    if not text.strip():
        text, name = form.fields.get("pasted", ""), "Pasted text"
    if not text.strip():
        form.errors["file"] = "Choose a file, or paste its text."
        return await _new_page(request, form)
    try:
        content = text.encode(errors="surrogateescape")
        found = await equipment_imports.draft_import(content, name, by=visit.by, now=visit.now)
    except InvalidError as error:
        form.errors["file"] = f"The {error.attribute} {error.reason}."
        return await _new_page(request, form)
    return go(request, visit.path("equipment", "import", found.import_id))


@shows(ONE, access="users:manage")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show what the lines come to, or what came of them."""
    return await _page(request)


@does(f"{ONE}/apply", access="users:manage")
async def apply(request: PortalRequest) -> Response[bytes]:
    """Apply what was shown."""
    form, visit = await read_form(request), request.auth
    import_id = path_uuid(request, "import_id")
    await equipment_imports.get_import(visit.operator.tenant.tenant_id, import_id)
    try:
        await equipment_imports.apply_import(import_id, form.fields.get("hash", ""), by=visit.by, now=visit.now)
    except RefusedError:
        return await _page(request, refusal="This is not what was shown. Look through it again, then apply it.")
    return go(request, visit.path("equipment", "import", import_id))


@does(f"{ONE}/drop", access="users:manage")
async def drop(request: PortalRequest) -> Response[bytes]:
    """Forget a file that was only shown."""
    visit = request.auth
    await equipment_imports.drop_import(path_uuid(request, "import_id"), by=visit.by, now=visit.now)
    return go(request, visit.path("equipment", "import"), done="import-dropped")


async def _new_page(request: PortalRequest, form: Form) -> Response[bytes]:
    tenant_id = request.auth.operator.tenant.tenant_id
    return page(
        request,
        "equipment_import/new.html",
        status_code=422 if form.errors else 200,
        form=form,
        imports=await equipment_imports.list_imports(tenant_id, limit=LISTED_MAX),
        mebibytes_max=BYTES_MAX >> 20,
        lines_max=LINES_MAX,
    )


async def _page(request: PortalRequest, *, refusal: str = "") -> Response[bytes]:
    tenant_id = request.auth.operator.tenant.tenant_id
    one = await equipment_imports.get_import(tenant_id, path_uuid(request, "import_id"))
    asked = request.query_params.get("kind", "")
    kind = next((kind for kind in KINDS if kind == asked), None)
    text = request.query_params.get("after", "")
    after = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    lines = await equipment_imports.list_lines(tenant_id, one.import_id, kind, after=after, limit=LINES_SHOWN + 1)
    return page(
        request,
        "equipment_import/page.html",
        fragments={"equipment-import-more": "equipment_import/_more.html"},
        status_code=409 if refusal else 200,
        one=one,
        lines=lines[:LINES_SHOWN],
        next_after=lines[LINES_SHOWN - 1].number if len(lines) > LINES_SHOWN else None,
        kind=kind,
        after=after,
        chips_shown=_chips(one),
        refusal=refusal,
    )


def _chips(one: EquipmentImport) -> list[tuple[Verdict | Literal["failed"] | None, str]]:
    counts = {
        "wrong": one.wrong_count,
        "failed": one.failed_count,
        "new": one.new_count,
        "changed": one.changed_count,
        "same": one.same_count,
    }
    named = [(kind, f"{kind.capitalize()} ({counts[kind]:,})") for kind in KINDS if counts[kind]]
    return [(None, f"All ({one.line_count:,})"), *named]


HANDLERS = (show_new, draft, show, apply, drop)
