"""Whatever goes wrong on the way: a stream comes to its end with everything, or it raises and nothing has happened."""

from contextlib import aclosing

import pytest

from connectors.errors import SourceError
from tests.connectors.okta.oktas import connect, truth
from tests.connectors.pulling import Mirror
from tests.fakes.faults import FAULT_KINDS, Fault, FaultKind
from tests.fakes.okta import FakeOkta

pytestmark = pytest.mark.anyio

LISTS = {
    "users": (r"/users\?", (0, 2, 4)),
    "groups": (r"/groups\?", (0,)),
    "members": (r"/groups/.*/users", (0, 6, 13)),
}
"""Addresses of lists, and how many of their pages go well before: the first, one in the middle, the last."""

LASTING: dict[FaultKind, str] = {
    "429 with Retry-After": "throttled",
    "429 without": "throttled",
    "401": "auth",
    "403": "permission",
    "404": "protocol",
    "no value": "protocol",
    "foreign next link": "protocol",
    "gzip bomb": "protocol",
    "redirect": "protocol",
    "duplicate page": "protocol",
}


@pytest.mark.parametrize("stream", ["users", "groups", "members"])
@pytest.mark.parametrize("kind", FAULT_KINDS)
async def test_one_fault_is_got_over_or_raises_and_the_next_pull_converges(
    okta: FakeOkta, kind: FaultKind, stream: str
) -> None:
    okta.page_max = 3 if stream == "groups" else 20
    path, points = LISTS[stream]
    for point in points:
        mirror = Mirror()
        okta.faults.cause(Fault(kind, path=path, begin=point))
        async with aclosing(connect(okta, {"parallel": 1})) as connector:
            try:
                await mirror.pull(connector, "users", "groups")
            except SourceError as error:
                assert error.kind == LASTING[kind]  # noqa: PT017 either way is right; what raises says why
            mirror.checkpoints.clear()
            await mirror.pull(connector, "users", "groups")

        assert okta.faults.met == 1
        assert mirror.seen() == truth(okta)


@pytest.mark.parametrize("kind", FAULT_KINDS)
async def test_a_fault_that_lasts_raises_and_leaves_everything_as_it_was(okta: FakeOkta, kind: FaultKind) -> None:
    mirror = Mirror()
    async with aclosing(connect(okta)) as connector:
        await mirror.pull(connector, "users", "groups")
    before = mirror.seen()
    okta.people.purge_user(50)
    for path, points in LISTS.values():
        mirror.checkpoints.clear()
        okta.faults.cause(Fault(kind, path=path, begin=points[0], count=999))
        stream = "users" if path.startswith("/users") else "groups"
        async with aclosing(connect(okta)) as connector:
            if kind in {"duplicate page", "foreign next link"} and stream == "groups":
                continue  # one page has no next one to lie about; the test above has several
            with pytest.raises(SourceError) as caught:
                await mirror.pull(connector, stream)

        assert caught.value.kind == LASTING.get(kind, "transient")
        assert mirror.seen() == before


async def test_no_token_goes_to_where_a_foreign_link_leads(okta: FakeOkta) -> None:
    okta.faults.cause(Fault("foreign next link", path=r"/users\?", count=99))
    async with aclosing(connect(okta)) as connector:
        with pytest.raises(SourceError, match="another server"):
            await Mirror().pull(connector, "users")

    assert okta.requests["users"] == 3
