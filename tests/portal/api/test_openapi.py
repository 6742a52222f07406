"""The description of the door names exactly what there is."""

import re
from typing import Any

import httpx
import pytest

from portal.api import items, openapi
from portal.api.openapi import DOCUMENT, document
from tests.portal.api.calling import create_door
from tests.portal.conftest import client_of

METHODS = {"get", "put", "post", "delete", "patch"}


def described() -> dict[tuple[str, str], dict[str, Any]]:
    """Return every operation by address and method."""
    return {
        (path, method): {**one, "parameters": [*paths.get("parameters", []), *one.get("parameters", [])]}
        for path, paths in document()["paths"].items()
        for method, one in paths.items()
        if method in METHODS
    }


def test_every_address_and_method_is_described_and_no_other() -> None:
    there = {
        (path.replace(":str", ""), str(method).lower())
        for handler in items.HANDLERS
        for path in handler.paths
        for method in handler.http_methods
    }

    assert set(described()) == there


def test_every_parameter_of_an_address_is_described() -> None:
    for (path, _), operation in described().items():
        named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path))


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for operation in described().values()]

    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere_and_nothing_is_left_over() -> None:
    text = str(document())
    used = set(re.findall(r"#/components/schemas/(\w+)", text))

    assert used == set(document()["components"]["schemas"])


def test_the_query_of_the_list_is_what_is_read() -> None:
    query = [one["name"] for one in described()[(items.ITEMS, "get")]["parameters"] if one["in"] == "query"]

    assert sorted(query) == sorted(items.LIST_PARAMS)


@pytest.mark.anyio
async def test_it_is_sent_to_whoever_asks() -> None:
    async with client_of(create_door()) as client:
        answer: httpx.Response = await client.get(DOCUMENT)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == document()
    assert openapi.HANDLERS[0].paths == {DOCUMENT}
