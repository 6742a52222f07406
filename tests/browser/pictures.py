"""The pictures of the README, taken anew: ``make screenshots``."""

import base64
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.browser.conftest import Tenant, chromium_args, signed_in
from tests.browser.furnishing import Pushed, furnish, preview_mapping, pushed_into
from tests.journeys.serving import rolebook, serving
from tests.shape.tree import ROOT

FOLDER = ROOT / "docs" / "images"
PICTURE_BYTES_MAX = 60_000
SIZE: ViewportSize = {"width": 1280, "height": 800}
QUALITY = 64


def main() -> int:
    """Serve a small company from a fresh database, and take every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(f"sqlite:///{folder}/demo.sqlite", Path(folder)) as server:
        made = rolebook(server.database_url, "tenant", "create", "Northwind", ROLEBOOK_PUBLIC_URL=server.url)
        tenant = Tenant(server, made["tenant"])
        with chromium() as browser:
            state, pushed = furnished(browser, tenant)
            remember_two_weeks(Path(folder) / "demo.sqlite", pushed.source_id)
            take_all(browser, tenant, pushed, state)
    heavy = [path.name for path in FOLDER.glob("*.webp") if path.stat().st_size > PICTURE_BYTES_MAX]
    return 0 if not heavy else int(bool(sys.stderr.write(f"over 60 kB: {', '.join(heavy)}\n")))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the Chromium that the tests run."""
    with sync_playwright() as playwright:
        found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=chromium_args())
        yield browser
        browser.close()


def furnished(browser: Browser, tenant: Tenant) -> tuple[Any, Pushed]:
    """Fill the tenant, and return the storage of a browser that is signed in there."""
    context = browser.new_context()
    page = signed_in(context, tenant.sign_in_url("rosa.diaz"))
    pushed = pushed_into(tenant)
    furnish(page, tenant, pushed)
    state = context.storage_state()
    context.close()
    return state, pushed


def remember_two_weeks(database: Path, source_id: str) -> None:
    """Write counts of two weeks, which no demonstration has the time to wait for."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with closing(sqlite3.connect(database)) as connection, connection:
        (tenant_id,) = connection.execute("SELECT tenant_id FROM source_row WHERE id = ?", [source_id]).fetchone()
        for days in range(1, 14):
            hour = (now - timedelta(days=days)).isoformat(sep=" ", timespec="microseconds")
            counts = {
                "created": days * 5 % 17,
                "updated": days * 11 % 43,
                "disabled": days % 5,
                "failed": days % 4 == 0,
            }
            connection.executemany(
                "INSERT INTO activity_hour_row (tenant_id, hour, source_id, kind, things) VALUES (?, ?, ?, ?, ?)",
                [(tenant_id, hour, source_id, kind, int(things)) for kind, things in counts.items() if things],
            )


def take_all(browser: Browser, tenant: Tenant, pushed: Pushed, state: Any) -> None:  # noqa: ANN401 - the driver's form
    """Take the pictures of the tour: three in light colours, three in dark ones."""
    page = opened(browser, state, "light")
    preview_mapping(page, tenant, "IT-Admins (8)", "Administrator")
    take(page, "preview")
    for path, name in (("overview", "overview"), ("sub-accounts", "sub-accounts")):
        page.goto(tenant.at(path))
        take(page, name)
    page = opened(browser, state, "dark")
    user, source = f"sub-accounts/{pushed.user_ids[3]}", f"configure-scim/{pushed.source_id}"
    for path, name in ((user, "user"), (source, "configure-scim"), ("activity/requests?result=failed", "")):
        page.goto(tenant.at(path))
        if not name:
            page.locator("tbody th a").first.click()
        take(page, name or "request")


def opened(browser: Browser, state: Any, scheme: Literal["light", "dark"]) -> Page:  # noqa: ANN401 - the driver's form
    """Open a window of the pictures' size."""
    return browser.new_context(
        storage_state=state, viewport=SIZE, color_scheme=scheme, reduced_motion="reduce"
    ).new_page()


def take(page: Page, name: str) -> None:
    """Write what the window shows as a WebP."""
    page.wait_for_load_state()
    shot = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    (FOLDER / f"{name}.webp").write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    sys.exit(main())
