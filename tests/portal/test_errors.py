"""What goes wrong is said in words, with a status that fits and a way on."""

import logging
import re
from collections.abc import Iterator
from typing import get_args

import httpx
import pytest
from litestar import Litestar, get
from litestar.exceptions import HTTPException

from directory import errors
from directory.errors import DirectoryError, LastAdministratorError, UnavailableError
from portal.errors import KnownError, error_answerer, wording_for
from portal.rendering import SECURITY_HEADERS
from portal.visit import Site
from tests.portal.browsing import ORIGIN, SAME_ORIGIN, Browser
from tests.portal.conftest import client_of

pytestmark = pytest.mark.anyio


def each_kind(parent: type[DirectoryError] = DirectoryError) -> Iterator[type[DirectoryError]]:
    for kind in parent.__subclasses__():
        yield kind
        yield from each_kind(kind)


EXAMPLES: list[KnownError] = [
    errors.NotFoundError("user", "x"),
    errors.AlreadyExistsError("mapping", "group", "Staff"),
    errors.StaleError("user", "x", actual=2),
    errors.InvalidError("reason", "is needed"),
    errors.ForbiddenError("users:manage"),
    errors.UnknownSecretError("revoked"),
    errors.UnavailableError(),
    errors.RefusedError("no"),
    errors.LastAdministratorError(),
]


def test_every_kind_of_error_of_the_directory_has_words() -> None:
    known = get_args(KnownError)

    assert [kind for kind in each_kind() if not issubclass(kind, known)] == []


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_words_give_a_status_and_a_next_step(error: KnownError) -> None:
    wording = wording_for(error)

    assert 400 <= wording.status_code < 600
    assert wording.next_step.endswith(".")
    assert wording.text.endswith(".")


def test_the_last_administrator_is_told_the_way_out() -> None:
    assert "another active user" in wording_for(LastAdministratorError()).next_step


def broken_app() -> Litestar:
    """Return an application whose pages fail."""
    word = error_answerer(Site(public_url=ORIGIN))

    @get("/broken", opt={"access": "public"})
    async def broken() -> None:
        raise RuntimeError("the password is hunter2")

    @get("/busy", opt={"access": "public"})
    async def busy() -> None:
        raise UnavailableError

    return Litestar(
        route_handlers=[broken, busy],
        exception_handlers={HTTPException: word, Exception: word},
        openapi_config=None,
        logging_config=None,
    )


async def test_our_own_mistake_shows_a_reference_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with client_of(broken_app()) as client:
        answer = await client.get("/broken")

    assert answer.status_code == 500
    assert re.search(r"Reference: <code>[0-9a-f]{8}</code>", answer.text)
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text


async def test_a_busy_database_asks_to_come_back() -> None:
    async with client_of(broken_app()) as client:
        answer = await client.get("/busy")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_htmx_gets_errors_as_a_notice() -> None:
    async with client_of(broken_app()) as client:
        answer = await client.get("/broken", headers={"HX-Request": "true", "HX-Target": "div#anything"})

    assert answer.text.lstrip().startswith('<div id="errors-error"')
    assert (answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == ("#notice", "innerHTML")


@pytest.mark.parametrize("path", ["/nowhere", "/t/northwind/nowhere", "/t/x/y/z", "/sign-in/a/b", "/favicon.ico"])
async def test_an_unknown_address_is_a_page_in_words(portal: httpx.AsyncClient, path: str) -> None:
    answer = await portal.get(path)

    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
async def test_another_method_is_refused_in_words(portal: httpx.AsyncClient, method: str) -> None:
    answer = await portal.request(method, "/sign-in", headers=SAME_ORIGIN)

    assert answer.status_code == 405
    assert "does not take that request" in answer.text


async def test_every_answer_carries_the_security_headers(admin: Browser) -> None:
    answers = [
        await admin.client.get("/t/northwind/overview"),
        await admin.client.get("/t/northwind/nowhere"),
        await admin.client.get("/t/bristol/overview"),
        await admin.client.get("/"),
        await admin.client.get("/sign-in/x"),
        await admin.client.get("/static/none.css"),
        await admin.client.post("/t/northwind/configure-scim/new"),
        await admin.client.put("/sign-in"),
        await admin.client.post("/sign-in/x", content=b"a" * 80_000, headers=SAME_ORIGIN),
    ]

    for answer in answers:
        assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == dict(SECURITY_HEADERS), answer.url
        assert answer.headers["cache-control"] == "no-store"


async def test_the_character_set_is_named_once(admin: Browser) -> None:
    assert (await admin.open("overview")).response.headers["content-type"] == "text/html; charset=utf-8"


async def test_pages_vary_by_what_htmx_asks(admin: Browser) -> None:
    answer = await admin.client.get("/t/northwind/overview")

    assert {"HX-Request", "HX-Boosted", "HX-Target"} <= set(answer.headers["vary"].split(", "))


@pytest.mark.trap("S4")
async def test_the_policy_allows_no_inline_code_and_no_foreign_host(admin: Browser) -> None:
    policy = (await admin.client.get("/t/northwind/overview")).headers["content-security-policy"]

    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_notices_are_only_ours(admin: Browser) -> None:
    known, unknown = await admin.open("overview?done=mapping-moved"), await admin.open("overview?done=You+won")

    assert "Order changed" in known.text
    assert "You won" not in unknown.text
