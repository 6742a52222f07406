"""A tenant in which every page has something to show: pushed people and groups, and an operator's own deeds."""

from dataclasses import dataclass
from urllib.parse import urljoin

from playwright.sync_api import Page

from tests.browser.conftest import ENTERPRISE, Client, Tenant
from tests.fakes.graph_tokens import APPLICATION, DIRECTORY, SECRET

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
CLERKS = {
    "clerk1": "clara@example.org",
    "clerk2": "clemens@example.org",
    "clerk3": "desk@example.org",
    "clerk4": "desk@example.org",
}
"""People whose user names are no addresses; two of them share one."""


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
    tenant.sign_in_url("met@example.org", "viewer")
    client.meet("met")
    client.delete(client.push_user("leaver"))
    for name, address in CLERKS.items():
        client.push_user(name, userName=name, emails=[{"value": address, "type": "work", "primary": True}])
    client.close()
    return Pushed(source["source"], user_ids, group_ids)


def furnish(page: Page, tenant: Tenant, pushed: Pushed) -> str:
    """Do as an operator what an operator does: map, lock, disable, make a role, keep a view, act on many.

    Returns the address of somebody whose conversion is not decided.
    """
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
    put_below(tenant)
    tell_others(page, tenant)
    connect(page, tenant, pushed)
    pull(page, tenant)
    equip(page, tenant, pushed)
    undecided = convert(page, tenant)
    page.goto(tenant.at("sub-accounts?q=costa"))
    for place in range(3):
        page.get_by_role("checkbox", name="Pick").nth(1 + place).check()
    page.get_by_role("button", name="Lock role…").click()
    page.get_by_label("Access role").select_option(label="Viewer")
    page.get_by_label("Reason").fill("Audit in May")
    page.get_by_role("button", name="Show what changes").click()
    page.wait_for_url("**/sub-accounts/bulk/*")
    return undecided


def put_below(tenant: Tenant) -> None:
    """Make tenants below: one that is open, one that is suspended, and one that is deleted."""
    for name in ("Avon", "Bath", "Calne"):
        tenant.command("tenant", "create", f"{name} of {tenant.slug}", "--parent", tenant.slug)
    avon = f"avon-of-{tenant.slug}"
    tenant.command("rule", "create", "--tenant", tenant.slug, "--when", "group-name=Avon *", "--to", avon)
    tenant.command("tenant", "suspend", f"bath-of-{tenant.slug}")
    tenant.command("tenant", "delete", f"calne-of-{tenant.slug}", "--name", f"Calne of {tenant.slug}")


def connect(page: Page, tenant: Tenant, pushed: Pushed) -> None:
    """Make a connector that compares what was pushed with a directory of ours, and let it."""
    page.goto(tenant.at("connectors/new?kind=graph"))
    page.get_by_label("Name of the connection").fill("Entra ID, asked")
    page.get_by_label("Directory (tenant) ID").fill(DIRECTORY)
    page.get_by_label("Client ID").fill(APPLICATION)
    page.get_by_label("Client secret").fill(SECRET)
    page.get_by_role("radio", name="Only compares").check()
    page.get_by_label("Compares with").select_option(value=pushed.source_id)
    page.get_by_role("button", name="Create connector").click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Compare now").click()
    page.get_by_role("link", name="See where the push and the directory differ").click()


def pulled_source(page: Page, tenant: Tenant, label: str) -> str:
    """Make a connector to our own Graph that pulls only when it is asked to; returns its address."""
    page.goto(tenant.at("connectors/new?kind=graph"))
    page.get_by_label("Name of the connection").fill(label)
    page.get_by_label("Directory (tenant) ID").fill(DIRECTORY)
    page.get_by_label("Client ID").fill(APPLICATION)
    page.get_by_label("Client secret").fill(SECRET)
    if (provisions := page.get_by_role("radio", name="Provisions")).count():
        provisions.check()
    page.get_by_role("button", name="Create connector").click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").wait_for()
    return page.url.partition("?")[0]


def pull(page: Page, tenant: Tenant) -> None:
    """Let a dry run show what pulling a directory of ours would do."""
    pulled_source(page, tenant, "Contoso")
    page.get_by_role("button", name="Dry run").click()
    page.locator("#runs-plan").get_by_text("Users created").wait_for()


def equip(page: Page, tenant: Tenant, pushed: Pushed) -> None:
    """Bring equipment in, some of it with people who left, and make a key for an asset system."""
    lines = ["Tag,Name,Category,Serial,Value,Currency,Holder,Due,Colour", "BAD-1,,,,12x,,,,"]
    for number in range(24):
        holder = pushed.user_ids[number] if number % 3 else ""
        due = "2026-01-31" if holder and number % 5 == 0 else ""
        lines.append(f"LAP-{number:04},MacBook Pro 14,Laptop,C02XK{number:04},2199.00,EUR,{holder},{due},grey")
    page.goto(tenant.at("equipment/import"))
    page.get_by_label("Or its text").fill("\n".join(lines))
    page.get_by_role("button", name="Show what it comes to").click()
    page.get_by_role("button", name="Apply").click()
    page.get_by_text("24 applied").wait_for()
    page.goto(tenant.at("equipment-api/new"))
    page.get_by_label("Label").fill("Asset list")
    page.get_by_role("button", name="Create and show once").click()
    page.wait_for_url("**/equipment-api/new")


def convert(page: Page, tenant: Tenant) -> str:
    """Convert two clerks, scan anew, and return where is decided about one of two who are in each other's way."""
    scan(page, tenant)
    page.get_by_role("button", name="Convert 2 people").click()
    page.locator("#conversion-progress .notice").get_by_text("Done").wait_for()
    scan(page, tenant)
    page.get_by_role("listitem").filter(has_text="E-mail of somebody else too").get_by_role("link").first.click()
    return urljoin(page.url, page.get_by_role("link", name="Decide…").first.get_attribute("href") or "")


def scan(page: Page, tenant: Tenant) -> None:
    """Look at all user names, and wait until it is done."""
    page.goto(tenant.at("conversion"))
    page.get_by_role("button", name="Scan user names").click()
    page.get_by_text("E-mail of somebody else too").first.wait_for()


def undo_import(page: Page, tenant: Tenant) -> str:
    """Bring one item in, take that back as a whole action, and return the address of the report."""
    page.goto(tenant.at("equipment/import"))
    page.get_by_label("Or its text").fill("Tag,Name\nTMP-1,Loan phone")
    page.get_by_role("button", name="Show what it comes to").click()
    page.get_by_role("button", name="Apply").click()
    page.get_by_text("1 applied").wait_for()
    page.get_by_role("link", name="Undo…").click()
    page.get_by_role("button", name="Undo 1 change").click()
    page.wait_for_url("**/undo/runs/*")
    return page.url


def tell_others(page: Page, tenant: Tenant) -> None:
    """Have a report mailed, say who gets alerts, and send events to a webhook."""
    page.goto(tenant.at("reports/schedules/new?report=never-seen"))
    page.get_by_label("Other addresses").fill("ops@example.org")
    page.get_by_role("button", name="Create schedule").click()
    page.goto(tenant.at("alerts/recipients"))
    page.get_by_label("Or an address").fill("ops@example.org")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Send test").first.click()
    page.goto(tenant.at("webhooks/new"))
    page.get_by_label("Name").fill("Tickets")
    page.get_by_label("Address").fill("https://hooks.invalid/in")
    page.get_by_role("button", name="Create and show the secret once").click()
    page.get_by_label("I have stored it").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Send test").click()


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
