"""The list of tenants below: by page, by words, with figures that do not grow with what they count."""

import pytest

from directory import locks, tenants
from directory.errors import InvalidError
from directory.store.unit import Engine
from directory.sub_tenants.lists import ChildPage, list_children
from directory.sub_tenants.states import delete_tenant, suspend_tenant
from tests.directory.counting import counted_statements
from tests.directory.sub_tenants.conftest import Company

pytestmark = pytest.mark.anyio


async def page_of(company: Company, text: str = "", *, after: str | None = None, limit: int = 50) -> ChildPage:
    return await list_children(company.acme.tenant.tenant_id, text, after=after, limit=limit, now=company.tick())


def names(page: ChildPage) -> list[str]:
    return [line.state.tenant.slug for line in page.lines]


async def test_only_the_tenants_below_are_listed_by_slug_with_their_states(company: Company) -> None:
    await suspend_tenant(company.leeds.tenant.tenant_id, by=company.operator, now=company.tick())
    await delete_tenant(company.bristol.tenant.tenant_id, "Bristol", by=company.operator, now=company.tick())
    found = await page_of(company)
    assert [(line.state.tenant.slug, line.state.state) for line in found.lines] == [
        ("bristol", "deleted"),
        ("leeds", "suspended"),
    ]
    assert (
        await list_children(company.other.tenant.tenant_id, "", after=None, limit=9, now=company.tick())
    ).lines == []


async def test_pages_go_on_behind_the_last_one(company: Company) -> None:
    for number in range(5):
        await tenants.create_tenant(f"Office {number}", parent_slug="acme", now=company.tick())
    first = await page_of(company, limit=3)
    second = await page_of(company, after=first.next_after, limit=3)
    last = await page_of(company, after=second.next_after, limit=3)
    assert [*names(first), *names(second), *names(last)] == ["bristol", "leeds", *(f"office-{n}" for n in range(5))]
    assert last.next_after is None
    with pytest.raises(InvalidError):
        await page_of(company, after="no place")


@pytest.mark.parametrize(
    ("text", "found"),
    [("risto", ["bristol"]), ("EEDS", ["leeds"]), ("%", []), ("_", []), ("!", []), ("'", []), ("zürich", ["zuerich"])],
)
async def test_tenants_are_found_by_what_is_in_name_or_slug(company: Company, text: str, found: list[str]) -> None:
    await tenants.create_tenant("werk zürich", slug="zuerich", parent_slug="acme", now=company.tick())
    assert names(await page_of(company, text)) == found


async def test_figures_count_what_is_there(company: Company) -> None:
    world = company.bristol
    for name in ("ann", "bo", "cy"):
        await world.push_user(name)
    group = await world.push_group("Admins", ["ext-ann"])
    await world.map_group(group, "administrator")
    await locks.create_local_user(
        "root", role_id=world.roles["administrator"].role_id, by=world.system, now=world.tick()
    )
    line, empty = (await page_of(company)).lines
    figures = line.figures
    assert (figures.users, figures.groups, figures.administrators, figures.routed) == (4, 1, 2, 0)
    assert figures.changed_at == world.now
    assert (empty.figures.users, empty.figures.administrators, empty.rules, empty.is_fallback) == (0, 0, [], False)


async def test_a_page_takes_the_same_statements_however_many_tenants_it_shows(company: Company, store: Engine) -> None:
    with counted_statements(store) as few:
        await page_of(company)
    for number in range(40):
        await tenants.create_tenant(f"Office {number}", parent_slug="acme", now=company.tick())
    with counted_statements(store) as many:
        assert len((await page_of(company)).lines) == 42
    assert len(many.texts) == len(few.texts)
