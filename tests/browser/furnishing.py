"""A tenant in which every page has something to show: pushed people and groups, and an operator's own deeds."""

from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.conftest import ENTERPRISE, Client, Tenant

FIRST = ("Ann", "Ben", "Carla", "David", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kira", "Leon", "Mona")
LAST = ("Archer", "Brandt", "Costa", "Diaz", "Egger", "Fischer", "Gomez", "Huber", "Ito", "Jansen", "Keller")
DEPARTMENTS = ("Engineering", "Finance", "Sales", "Field service", "IT")
GROUPS = (
    ("Employees", 0, 60),
    ("Content Editors", 0, 12),
    ("IT-Admins", 56, 64),
    ("Contractors", 60, 72),
    ("Interns", 0, 0),
)
PEOPLE_COUNT = 72


@dataclass(frozen=True)
class Pushed:
    """Ids of what an identity provider pushed."""

    source_id: str
    user_ids: list[str]
    group_ids: list[str]


def pushed_into(tenant: Tenant) -> Pushed:
    """Push a small company from Entra, with three requests that are refused."""
    source = tenant.command(
        "source", "create", "--tenant", tenant.slug, "--kind", "scim", "--preset", "entra", "--name", "Entra ID"
    )
    client = Client(source["base_url"], source["secret"])
    user_ids: list[str] = []
    for number in range(PEOPLE_COUNT):
        first, last = FIRST[number % len(FIRST)], LAST[number * 5 % len(LAST)]
        manager = {"manager": {"value": user_ids[0]}} if number % 4 else {}
        name = f"{first}.{last}{number}".lower()
        user_ids.append(
            client.push_user(
                name,
                displayName=f"{first} {last}",
                active=number % 11 != 5,
                title="Engineer",
                emails=[{"value": f"{name}@example.org", "type": "work", "primary": True}],
                **{ENTERPRISE: {"department": DEPARTMENTS[number % len(DEPARTMENTS)], **manager}},
            )
        )
    group_ids = [client.push_group(name, *user_ids[start:end]) for name, start, end in GROUPS]
    for _ in range(3):
        client.fail()
    client.close()
    return Pushed(source["source"], user_ids, group_ids)


def furnish(page: Page, tenant: Tenant, pushed: Pushed) -> None:
    """Do as an operator what an operator does: map, lock, disable, make a role, keep a view, act on many."""
    map_group(page, tenant, "Content Editors (12)", "Editor")
    map_group(page, tenant, "Employees (60)", "Viewer")
    page.goto(tenant.at(f"sub-accounts/{pushed.user_ids[3]}/lock"))
    page.get_by_label("Access role").select_option(label="Editor")
    page.get_by_label("Reason").fill("Edits the spring catalogue")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Lock").click()
    page.goto(tenant.at(f"sub-accounts/{pushed.user_ids[7]}/disable-sign-in"))
    page.get_by_label("Reason").fill("Lost laptop")
    page.get_by_role("button", name="Disable sign-in now").click()
    page.goto(tenant.at("roles/new"))
    page.get_by_label("Name").fill("Front desk")
    page.get_by_role("button", name="Create role").click()
    page.goto(tenant.at("sub-accounts/views/new?status=disabled"))
    page.get_by_label("Name").fill("Disabled people")
    page.get_by_role("button", name="Save view").click()
    page.goto(tenant.at("sub-accounts?q=costa"))
    for place in range(3):
        page.get_by_role("checkbox", name="Pick").nth(1 + place).check()
    page.get_by_role("button", name="Lock role…").click()
    page.get_by_label("Access role").select_option(label="Viewer")
    page.get_by_label("Reason").fill("Audit in May")
    page.get_by_role("button", name="Show what changes").click()
    page.wait_for_url("**/sub-accounts/bulk/*")


def map_group(page: Page, tenant: Tenant, group: str, role: str) -> None:
    """Map a group at the end of the list, having seen what it does."""
    preview_mapping(page, tenant, group, role)
    page.get_by_role("button", name="Apply to").click()
    page.wait_for_url("**/group-mappings?*")


def preview_mapping(page: Page, tenant: Tenant, group: str, role: str) -> None:
    """Choose a group and a role on the list, and ask what it would do."""
    page.goto(tenant.at("group-mappings"))
    page.get_by_label("Group", exact=True).select_option(label=group)
    page.get_by_label("Access role", exact=True).select_option(label=role)
    page.get_by_role("button", name="Preview at the end of the list").click()
    page.wait_for_url("**/group-mappings/preview?*")
