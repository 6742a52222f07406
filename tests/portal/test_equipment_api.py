"""Keys of asset systems in the portal: shown once, rotated, revoked."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from directory import access_roles, equipment_keys
from tests.directory.world import World
from tests.portal.browsing import Browser
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.anyio
TOKEN = re.compile(r"rbk_e_\w+")


async def test_a_key_is_shown_once_rotated_and_revoked(admin: Browser) -> None:
    shown = await admin.send((await admin.open("equipment-api/new")).form("/new"), label="Snipe")
    (token,) = set(TOKEN.findall(shown.response.text))
    listed = await admin.open("equipment-api")
    assert TOKEN.findall(listed.response.text) == []
    assert f"Ends in {token[-4:]}" in listed.text

    rotated = await admin.send((await admin.open(listed.link("/rotate"))).form("/rotate"), overlap="1")
    assert token not in rotated.response.text
    assert len(set(TOKEN.findall(rotated.response.text))) == 1
    listed = await admin.open("equipment-api")
    assert "Retiring" in listed.text

    done = await admin.send((await admin.open(listed.link("/revoke"))).form("/revoke"))
    assert "Key revoked" in done.text


async def test_what_cannot_be_is_said_beside_the_form(admin: Browser) -> None:
    answer = await admin.send((await admin.open("equipment-api/new")).form("/new"), label="", days="400")

    assert (answer.status, "Enter a value" in answer.text, "1 to 365" in answer.text) == (422, True, True)


async def test_a_void_key_is_neither_rotated_nor_revoked(admin: Browser, world: World) -> None:
    issued = await equipment_keys.create_key("x", by=world.system, now=world.tick())
    await equipment_keys.revoke_key(issued.key.key_id, by=world.system, now=world.tick())

    for deed in ("rotate", "revoke"):
        assert (await admin.open(f"equipment-api/{issued.key.key_id}/{deed}")).status == 404


async def test_a_key_that_expired_can_be_revoked(admin: Browser, world: World) -> None:
    life = timedelta(days=1)
    issued = await equipment_keys.create_key("Old", lifetime=life, by=world.system, now=world.now - 2 * life)

    done = await admin.send((await admin.open(f"equipment-api/{issued.key.key_id}/revoke")).form("/revoke"))

    assert "Key revoked" in done.text
    assert (await admin.open(f"equipment-api/{issued.key.key_id}/rotate")).status == 404


async def test_an_overlap_that_would_be_one_too_many_is_said_beside_the_form(
    admin: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = await equipment_keys.create_key("Snipe", by=world.system, now=datetime.now(UTC))
    monkeypatch.setattr(equipment_keys, "LIVE_MAX", 1)

    form = (await admin.open(f"equipment-api/{issued.key.key_id}/rotate")).form("/rotate")
    answer = await admin.send(form, overlap="24")

    assert (answer.status, "one too many" in answer.text) == (422, True)


async def test_a_key_is_made_by_nobody_who_could_not_do_what_it_does(sign_in: SignIn, world: World) -> None:
    issued = await equipment_keys.create_key("Snipe", by=world.system, now=datetime.now(UTC))
    world.roles["connector"] = await access_roles.create_role(
        "Connector", ["portal:view", "sources:manage"], by=world.system, now=world.tick()
    )
    by = await sign_in("connector")

    listed = await by.open("equipment-api")
    assert "Create key" not in listed.text
    assert [link for link in listed.links if "/rotate" in link] == []
    for path in ("new", f"{issued.key.key_id}/rotate"):
        assert (await by.open(f"equipment-api/{path}")).status == 403
    done = await by.send((await by.open(f"equipment-api/{issued.key.key_id}/revoke")).form("/revoke"))
    assert "Key revoked" in done.text


async def test_who_may_only_look_makes_none(sign_in: SignIn) -> None:
    viewer = await sign_in("viewer")

    assert "No key yet" in (await viewer.open("equipment-api")).text
    assert (await viewer.open("equipment-api/new")).status == 403
