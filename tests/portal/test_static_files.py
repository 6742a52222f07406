"""Static files: named by their content, compressed, kept for good."""

import gzip
import re

import httpx
import pytest

from portal.assets import asset_url, assets, icon_url, shipped_folder
from tests.portal.conftest import client_of, create_portal
from tests.shape.tree import ROOT

pytestmark = pytest.mark.anyio


@pytest.fixture
async def files() -> httpx.AsyncClient:
    return client_of(create_portal())


@pytest.mark.parametrize("name", sorted(assets()))
async def test_a_file_is_sent_compressed_and_for_good(files: httpx.AsyncClient, name: str) -> None:
    answer = await files.get(asset_url(name))

    assert answer.content == (ROOT / "static" / name).read_bytes()
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_a_client_without_gzip_gets_the_file_under_another_tag(files: httpx.AsyncClient) -> None:
    zipped = await files.get(asset_url("site.css"))
    plain = await files.get(asset_url("site.css"), headers={"Accept-Encoding": "identity"})

    assert "content-encoding" not in plain.headers
    assert plain.content == zipped.content
    assert plain.headers["etag"] != zipped.headers["etag"]


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}', "*"])
async def test_a_browser_that_has_it_is_told_so(files: httpx.AsyncClient, known: str) -> None:
    etag = (await files.get(asset_url("app.js"))).headers["etag"]

    answer = await files.get(asset_url("app.js"), headers={"If-None-Match": known.format(etag)})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag


async def test_a_browser_that_has_another_gets_the_file(files: httpx.AsyncClient) -> None:
    assert (await files.get(asset_url("app.js"), headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize("name", ["site.css", "site.0000000000000000.css", "VENDORED.md", "..%2fpyproject.toml", "%00"])
async def test_nothing_else_is_sent(files: httpx.AsyncClient, name: str) -> None:
    assert (await files.get(f"/static/{name}")).status_code == 404


async def test_head_is_answered(files: httpx.AsyncClient) -> None:
    assert (await files.head(asset_url("site.css"))).status_code == 200


def test_every_icon_that_templates_use_is_in_the_sprite() -> None:
    sprite = (ROOT / "static" / "icons.svg").read_text()
    text = "".join(path.read_text() for path in shipped_folder("templates").rglob("*.html"))
    used = set(re.findall(r"icon\('(\w+)'\)", text)) | {"check", "ring", "clock", "cross", "up", "down"}

    assert [name for name in sorted(used) if f'id="{name}"' not in sprite] == []
    assert icon_url("lock").endswith("#lock")


def test_a_page_with_all_it_loads_weighs_under_80_kb() -> None:
    assert sum(len(gzip.compress(asset.content)) for asset in assets().values()) < 60_000


@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("x-gzip-not", False),
        ("", False),
    ],
)
async def test_gzip_is_sent_to_whoever_takes_it(files: httpx.AsyncClient, accepted: str, zipped: bool) -> None:
    answer = await files.get(asset_url("site.css"), headers={"Accept-Encoding": accepted})

    assert (answer.headers.get("content-encoding") == "gzip") is zipped


async def test_pages_ask_the_same_question(files: httpx.AsyncClient) -> None:
    for accepted, coding in (("gzip", "gzip"), ("gzip;q=0", None)):
        answer = await files.get("/nothing", headers={"Accept-Encoding": accepted})

        assert answer.headers.get("content-encoding") == coding
