from collections.abc import Iterator
from typing import Any

import pytest

from scim.discovery import Audience, schema_resources
from tests.scim.clients import BASE_URL, client_of

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def flattened(urn: str) -> Iterator[str]:
    """Yield the attributes as Entra's schema reader names them."""
    schemas: Any = schema_resources(BASE_URL, Audience())
    schema = next(schema for schema in schemas if schema["id"] == urn)
    prefix = f"{urn}:" if ":extension:" in urn else ""
    for attribute in schema["attributes"]:
        name = f"{prefix}{attribute['name']}"
        parts = {part["name"]: part for part in attribute.get("subAttributes", [])}
        if not attribute["multiValued"]:
            yield name
            yield from (f"{name}.{part}" for part in parts)
        elif "canonicalValues" in parts.get("type", {}):
            for kind in parts["type"]["canonicalValues"]:
                yield from (f'{name}[type eq "{kind}"].{part}' for part in parts)
        else:
            yield from (f'{name}[primary eq "True"].{part}' for part in parts)


def test_entra_finds_every_attribute_that_it_maps() -> None:
    found = {name for urn in (CORE, ENTERPRISE) for name in flattened(urn)}
    wanted = {
        "userName",
        "active",
        "displayName",
        "title",
        "preferredLanguage",
        "externalId",
        "name.givenName",
        "name.familyName",
        "name.formatted",
        'emails[type eq "work"].value',
        'addresses[type eq "work"].formatted',
        'addresses[type eq "work"].streetAddress',
        'addresses[type eq "work"].country',
        'phoneNumbers[type eq "work"].value',
        'phoneNumbers[type eq "mobile"].value',
        'phoneNumbers[type eq "fax"].value',
        'roles[primary eq "True"].value',
        f"{ENTERPRISE}:employeeNumber",
        f"{ENTERPRISE}:department",
        f"{ENTERPRISE}:manager",
    }
    assert wanted - found == set()
    assert {"externalId", "displayName"} <= set(flattened(GROUP))


def test_password_is_not_advertised() -> None:
    assert "password" not in set(flattened(CORE))


@pytest.mark.anyio
@pytest.mark.usefixtures("sqlite_store")
async def test_each_listed_schema_is_found_under_its_urn_in_any_case() -> None:
    async with client_of("okta") as client:
        for schema in (await client.send("GET", "/Schemas")).json()["Resources"]:
            found = await client.send("GET", f"/Schemas/{schema['id'].upper()}")
            assert found.json() == schema
