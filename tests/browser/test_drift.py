"""A push is compared with its directory in the browser: what differs is named, and leads to the person."""

from collections.abc import Callable

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Client, Complaints, Tenant, signed_in
from tests.browser.looking import problems_in_each_mode
from tests.fakes.graph_tokens import APPLICATION, DIRECTORY, SECRET

SOON_MS = 30_000


def test_what_differs_between_push_and_directory_is_named(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints
) -> None:
    tenant = create_tenant("Compared")
    pushing = tenant.command(
        "source", "create", "--tenant", tenant.slug, "--kind", "scim", "--preset", "entra", "--name", "Entra ID"
    )
    client = Client(pushing["base_url"], pushing["secret"])
    client.push_user("left.behind", displayName="Left Behind")
    client.close()
    page = complaints.listen(signed_in(browser.new_context(), tenant.sign_in_url()))
    page.goto(tenant.at("connectors/new?kind=graph"))
    page.get_by_label("Name of the connection").fill("Entra ID, asked")
    page.get_by_label("Directory (tenant) ID").fill(DIRECTORY)
    page.get_by_label("Client ID").fill(APPLICATION)
    page.get_by_label("Client secret").fill(SECRET)
    page.get_by_role("radio", name="Only compares").check()
    page.get_by_label("Compares with").select_option(value=pushing["source"])
    page.get_by_role("button", name="Create connector").click()

    page.get_by_role("button", name="Compare now").click()
    page.get_by_role("link", name="See where the push and the directory differ").click(timeout=SOON_MS)

    expect(page.get_by_role("heading", level=1)).to_have_text("Drift: push against pull")
    expect(page.get_by_role("row", name="Left Behind")).to_contain_text("Not in the directory")
    expect(page.get_by_role("row").filter(has_text="Not pushed").first).to_be_visible()
    problems = problems_in_each_mode(page)
    page.get_by_role("link", name="Left Behind").click()
    expect(page.get_by_role("region", name="Drift")).to_contain_text("In the directory: not found by a whole pull.")
    assert problems == []
