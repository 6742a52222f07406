"""The description of the door for programs (OpenAPI 3.1), made from the shapes that it reads and writes."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from litestar import Response, get

from directory.equipment_model import STATES, TAG_CHARS_MAX
from portal.api.gate import BURST, RATE_PER_S
from portal.api.items import DUES, HOLDERS, ITEMS, PAGE, PAGE_MAX
from portal.api.problems import MEDIA_TYPE, TITLES, Problem
from portal.api.shapes import CheckInBody, CheckOutBody, ItemBody, ItemShape, ItemsShape, LoansShape
from portal.visit import PortalRequest

Json = dict[str, Any]
DOCUMENT = "/api/v1/openapi.json"
_SHAPES = (ItemBody, CheckOutBody, CheckInBody, ItemShape, ItemsShape, LoansShape, Problem)
_ALWAYS = (401, 429, 500, 503)
_TAG = {
    "name": "tag",
    "in": "path",
    "required": True,
    "description": "The tag of the item, percent-encoded; its case makes no difference. Without slashes.",
    "schema": {"type": "string", "minLength": 1, "maxLength": TAG_CHARS_MAX},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag that the item must still have, or * for an item that is there.",
    "schema": {"type": "string"},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "* to write the item down only if there is none of this tag.",
    "schema": {"type": "string", "enum": ["*"]},
}
_CURSOR = {
    "name": "cursor",
    "in": "query",
    "description": "next_cursor of the page before.",
    "schema": {"type": "string"},
}
_LIMIT = {
    "name": "limit",
    "in": "query",
    "schema": {"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": PAGE},
}


@get(DOCUMENT, opt={"public": True})
async def send_document(request: PortalRequest) -> Response[bytes]:
    """Send the description; it holds nothing of any tenant, so no key is asked for."""
    del request
    return Response(_rendered(), media_type="application/json", headers={"Cache-Control": "max-age=300"})


@cache
def _rendered() -> bytes:
    return msgspec.json.encode(document())


def document() -> Json:
    """Return the description of every address of this door."""
    _, components = msgspec.json.schema_components(_SHAPES, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rolebook equipment",
            "version": "1",
            "description": (
                f"At most {RATE_PER_S} requests a second of a tenant, {BURST} at once. Bodies have 64 KiB at most. "
                "Every refusal is application/problem+json."
            ),
        },
        "security": [{"key": []}],
        "paths": {
            ITEMS: {"get": _list_items()},
            "/api/v1/equipment/{tag}": _item(),
            "/api/v1/equipment/{tag}/check-out": {"post": _check_out()},
            "/api/v1/equipment/{tag}/check-in": {"post": _check_in()},
            "/api/v1/equipment/{tag}/loans": {"get": _loans()},
        },
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A key from Settings > Equipment API."}
            },
        },
    }


def _list_items() -> Json:
    params = [
        _CURSOR,
        _LIMIT,
        _query("q", "Beginnings of words of tag, name, category or serial number.", {"type": "string"}),
        _query("state", "What became of it.", {"type": "string", "enum": list(STATES)}),
        _query("category", "Of one category, whatever its case.", {"type": "string"}),
        _query("holder", "Who has it; disabled stands for deleted too.", {"type": "string", "enum": list(HOLDERS)}),
        _query("due", "Over its day, due within 14 days, or without one.", {"type": "string", "enum": list(DUES)}),
    ]
    return _operation("listItems", "Items by tag", {200: ItemsShape}, params=params, refusals=(400, 422))


def _item() -> Json:
    return {
        "parameters": [_TAG],
        "get": _operation("getItem", "One item", {200: ItemShape}, refusals=(400, 404)),
        "put": _operation(
            "putItem",
            "Write an item down, or make it so",
            {200: ItemShape, 201: ItemShape},
            params=[_IF_MATCH, _IF_NONE_MATCH],
            body=ItemBody,
            refusals=(400, 412, 413, 415, 422),
        ),
        "delete": _operation(
            "retireItem", "Retire an item", {204: None}, params=[_IF_MATCH], refusals=(400, 404, 409, 412, 422)
        ),
    }


def _check_out() -> Json:
    return _operation(
        "checkOut",
        "Give an item to a user",
        {200: ItemShape},
        params=[_TAG],
        body=CheckOutBody,
        refusals=(400, 404, 409, 413, 415, 422),
    )


def _check_in() -> Json:
    return _operation(
        "checkIn",
        "Take an item back",
        {200: ItemShape},
        params=[_TAG],
        body=CheckInBody,
        body_required=False,
        refusals=(400, 404, 413, 415, 422),
    )


def _loans() -> Json:
    return _operation(
        "listLoans",
        "Who has and had an item",
        {200: LoansShape},
        params=[_TAG, _CURSOR, _LIMIT],
        refusals=(400, 404),
    )


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _operation(  # noqa: PLR0913  # an operation has these parts
    operation_id: str,
    summary: str,
    answers: Mapping[int, type | None],
    *,
    params: list[Json] | None = None,
    body: type | None = None,
    body_required: bool = True,
    refusals: tuple[int, ...] = (),
) -> Json:
    told: Json = {"operationId": operation_id, "summary": summary}
    if params:
        told["parameters"] = params
    if body is not None:
        told["requestBody"] = {"required": body_required, "content": {"application/json": {"schema": _ref(body)}}}
    responses: Json = {}
    for status, shape in answers.items():
        responses[str(status)] = {"description": "Done"} | (
            {} if shape is None else {"content": {"application/json": {"schema": _ref(shape)}}}
        )
    for status in (*refusals, *_ALWAYS):
        content = {MEDIA_TYPE: {"schema": _ref(Problem)}}
        responses[str(status)] = {"description": TITLES[status], "content": content}
    return {**told, "responses": responses}


def _ref(shape: type) -> Json:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


HANDLERS = (send_document,)
