import pytest

from directory import access_roles, events, tenants
from directory.errors import AlreadyExistsError, InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import PERMISSIONS, RoleId, TenantId
from tests.directory.tenant_setup import NOW, new_scene, other_tenant

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


async def test_a_new_tenant_has_five_roles_and_makes_everybody_a_loanee() -> None:
    tenant = await tenants.create_tenant("Acme", now=NOW)
    roles = await access_roles.list_roles(tenant.tenant_id)
    assert [role.name for role in roles] == ["Administrator", "User Manager", "Editor", "Viewer", "Loanee"]
    default = await access_roles.get_role(tenant.tenant_id, tenant.default_role_id)
    assert default.shipped == "loanee"
    assert not default.may_sign_in
    assert [role.name for role in roles if role.privileged] == ["Administrator"]
    assert roles[0].permissions == frozenset(PERMISSIONS)


async def test_a_tenant_is_found_by_slug_and_by_id() -> None:
    tenant = await tenants.create_tenant("  Café Zürich, Inc.  ", now=NOW)
    assert (tenant.slug, tenant.name) == ("cafe-zurich-inc", "Café Zürich, Inc.")
    assert await tenants.find_tenant(tenant.slug) == tenant
    assert await tenants.get_tenant(tenant.tenant_id) == tenant
    assert await tenants.find_tenant("nobody") is None


async def test_tenants_are_listed_by_slug() -> None:
    for name in ("Zebra", "Acme", "Middle"):
        await tenants.create_tenant(name, now=NOW)
    assert [tenant.slug for tenant in await tenants.list_tenants()] == ["acme", "middle", "zebra"]


async def test_a_slug_is_taken_once() -> None:
    await tenants.create_tenant("Acme", now=NOW)
    with pytest.raises(AlreadyExistsError) as caught:
        await tenants.create_tenant("ACME!", now=NOW)
    assert (caught.value.attribute, caught.value.value) == ("slug", "acme")
    assert len(await tenants.list_tenants()) == 1


async def test_a_tenant_may_have_a_parent() -> None:
    parent = await tenants.create_tenant("Parent", now=NOW)
    child = await tenants.create_tenant("Child", slug="kid", parent_slug="parent", now=NOW)
    assert child.parent_id == parent.tenant_id
    with pytest.raises(NotFoundError):
        await tenants.create_tenant("Orphan", parent_slug="nobody", now=NOW)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "two\nlines", "日本"])
async def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(InvalidError) as caught:
        await tenants.create_tenant(name, now=NOW)
    assert caught.value.attribute == "name"


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "a_b", "a/b", "x" * 64, "ä", "a\n"])
async def test_a_slug_that_cannot_stand_in_an_address_is_refused(slug: str) -> None:
    with pytest.raises(InvalidError) as caught:
        await tenants.create_tenant("Acme", slug=slug, now=NOW)
    assert caught.value.attribute == "slug"


async def test_a_name_without_latin_letters_needs_a_slug() -> None:
    assert (await tenants.create_tenant("日本", slug="nihon", now=NOW)).slug == "nihon"


async def test_an_unknown_tenant_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        await tenants.get_tenant(TenantId(new_id(NOW)))


async def test_a_birth_is_told() -> None:
    scene = await new_scene()
    (event,) = await events.list_events(scene.tenant.tenant_id, limit=10)
    assert (event.action, event.subject_label, event.actor_label) == ("tenant:created", "Acme", "command line")
    assert {change.name: change.new for change in event.changes} == {"name": "Acme", "slug": "acme"}


async def test_a_role_is_found_by_its_name_in_any_case_or_by_its_key() -> None:
    scene = await new_scene()
    for text in ("User Manager", "user manager", "user_manager"):
        role = await access_roles.find_role(scene.tenant.tenant_id, text)
        assert role is not None
        assert role.shipped == "user_manager"
    assert await access_roles.find_role(scene.tenant.tenant_id, "Boss") is None


async def test_a_role_of_another_tenant_is_not_found() -> None:
    scene, other = await new_scene(), await other_tenant()
    for role_id in (other.tenant.default_role_id, RoleId(new_id(NOW))):
        with pytest.raises(NotFoundError):
            await access_roles.get_role(scene.tenant.tenant_id, role_id)
