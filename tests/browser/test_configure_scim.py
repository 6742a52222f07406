"""From nothing to the first user with a checklist that ticks itself; rotating with overlap; trying a request out."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Client, Complaints, Tenant, signed_in
from tests.browser.patience import look_until

"""Reloads until what the server writes a moment later is there; each takes some 50 ms."""

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


def asked(base_url: str, secret: str, path: str, **query: str) -> int:
    """Send a read as an identity provider does."""
    headers = {"Authorization": f"Bearer {secret}", "User-Agent": "Microsoft Entra SCIM"}
    return httpx.get(f"{base_url}{path}", params=query, headers=headers, timeout=20, trust_env=False).status_code


def connected(page: Page, tenant: Tenant) -> tuple[str, str]:
    """Create an Entra connection with a secret; return base URL and secret."""
    page.goto(tenant.at("configure-scim"))
    page.get_by_role("button", name="Create connection").click()
    base_url = page.get_by_label("Tenant URL", exact=True).input_value()
    page.get_by_role("link", name="Create secret…").first.click()
    return base_url, stored(page, "Create and show once")


def stored(page: Page, button: str) -> str:
    """Make the secret, tick that it is stored, and return it."""
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Store this secret now")
    secret = page.get_by_label("Secret Token", exact=True).input_value()
    page.get_by_label("I have stored it").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("status").first).to_contain_text("not shown again")
    return secret


def ticks(page: Page, count: int, *, scripts: bool) -> None:
    """Wait until so many lines are ticked: by themselves, or without scripts by looking again."""
    done = page.locator("#configure-scim-check li.done")
    if scripts:
        expect(done).to_have_count(count, timeout=20_000)
        return
    look_until(lambda: done.count() == count, page.get_by_role("link", name="Look again").first.click)


@SCRIPTS
def test_the_check_ticks_itself_from_the_set_up_to_the_first_user(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints, *, scripts: bool
) -> None:
    tenant = create_tenant(f"Set-up {'with' if scripts else 'without'}")
    context = browser.new_context(java_script_enabled=scripts)
    page = complaints.listen(signed_in(context, tenant.sign_in_url()))
    base_url, secret = connected(page, tenant)
    expect(page.locator("#configure-scim-check")).to_contain_text("0 of 8")

    assert asked(base_url, secret, "/ServiceProviderConfig") == 200
    ticks(page, 2, scripts=scripts)
    assert asked(base_url, secret, "/Users", filter='userName eq "3f8a2b1c"') == 200
    ticks(page, 3, scripts=scripts)
    client = Client(base_url, secret)
    ann = client.push_user("ann", emails=[{"type": "work", "value": "ann@example.org"}])
    client.push_group("Employees", ann)
    ticks(page, 6, scripts=scripts)
    expect(page.locator("#configure-scim-check")).to_contain_text("manager is missing for 1 of 1 users")

    page.get_by_role("link", name="First user").click()
    expect(page.locator("main")).to_contain_text("/scim/v2/Users")
    page.goto(tenant.at("configure-scim"))
    page.get_by_role("link", name="Attribute mapping", exact=True).click()
    expect(page.get_by_role("row", name="manager").first).to_contain_text("0 of 1")
    client.close()
    context.close()


@SCRIPTS
def test_rotating_with_an_overlap_shows_when_the_old_secret_can_go(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints, *, scripts: bool
) -> None:
    tenant = create_tenant(f"Rotation {'with' if scripts else 'without'}")
    context = browser.new_context(java_script_enabled=scripts)
    page = complaints.listen(signed_in(context, tenant.sign_in_url()))
    base_url, old = connected(page, tenant)

    page.get_by_role("link", name="Rotate…").click()
    page.get_by_label("Keep it for 24 hours").check()
    new = stored(page, "Rotate and show once")
    expect(page.locator("#configure-scim-secrets")).to_contain_text("paste the new one first")
    assert (asked(base_url, old, "/Users"), asked(base_url, new, "/Users")) == (200, 200)
    expect_after_reload(page, "both are in use")

    page.get_by_role("link", name="Revoke the old one…").click()
    page.get_by_role("button", name="Revoke now").click()
    expect(page.get_by_role("alert").first).to_contain_text("used within the last minutes")
    page.get_by_label("It is in use. I revoke it all the same").check()
    page.get_by_role("button", name="Revoke now").click()
    expect(page.get_by_role("status").first).to_contain_text("Secret revoked")
    assert (asked(base_url, old, "/Users"), asked(base_url, new, "/Users")) == (401, 200)
    context.close()


def expect_after_reload(page: Page, words: str) -> None:
    """Reload until the words are there: times of last use are written a moment later."""
    look_until(page.locator("#configure-scim-secrets").filter(has_text=words).count, page.reload)


@SCRIPTS
def test_a_request_is_tried_out_and_nothing_comes_of_it(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints, *, scripts: bool
) -> None:
    tenant = create_tenant(f"Simulation {'with' if scripts else 'without'}")
    context = browser.new_context(java_script_enabled=scripts)
    page = complaints.listen(signed_in(context, tenant.sign_in_url()))
    connected(page, tenant)

    page.get_by_role("link", name="Simulate payload").click()
    page.get_by_role("button", name="Simulate").click()
    stages = page.locator("ol.stages > li")
    expect(stages).to_have_count(5)
    expect(stages.nth(2)).to_contain_text("Nobody matches: ann@example.org would be a new user.")
    expect(stages.nth(4)).to_contain_text("Nothing of this was kept.")
    page.get_by_role("textbox", name="Body").fill('{"userName": 7, "active": "Perhaps"}')
    page.get_by_role("button", name="Simulate").click()
    expect(stages.nth(1)).to_contain_text("active")

    page.goto(tenant.at("sub-accounts"))
    expect(page.locator("main")).not_to_contain_text("ann@example.org")
    context.close()


def test_turning_scim_off_makes_users_local(
    browser: Browser, create_tenant: Callable[[str], Tenant], complaints: Complaints
) -> None:
    tenant = create_tenant("Off")
    context = browser.new_context()
    page = complaints.listen(signed_in(context, tenant.sign_in_url()))
    base_url, secret = connected(page, tenant)
    client = Client(base_url, secret)
    client.push_user("ann")
    client.close()

    page.reload()
    page.get_by_role("link", name="Turn SCIM off…").click()
    page.get_by_label("Become local").check()
    page.get_by_label("Type “turn off” to confirm").fill("turn off")
    page.get_by_role("button", name="Turn SCIM off").click()
    expect(page.get_by_role("status").first).to_contain_text("SCIM is off")
    assert asked(base_url, secret, "/Users") == 401
    page.get_by_role("button", name="Turn SCIM on").click()
    expect(page.get_by_role("status").first).to_contain_text("SCIM is on")
    assert asked(base_url, secret, "/Users") == 200
    context.close()
