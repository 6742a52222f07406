"""Connectors of other packages: whatever they raise, give or keep to themselves, it is an error in words."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from connectors import outsiders, registry
from connectors.connector import ConnectorKind, Finding, Preflight, SecretField, Step
from connectors.errors import SourceError
from connectors.offered import Offered
from connectors.pull import each_page
from connectors.records import Done, Page, Record
from connectors.terms import Network, Terms
from directory.errors import InvalidError
from directory.pulls.kinds import Check

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
SECRET = "sesame-street"
SECRETS = {"token": SECRET}
OFFERED = Offered(network=Network(), allowed=frozenset({"hr", "scim"}))
FINE = Preflight(steps=(Step(key="connection", words="Connection", outcome="passed"),), identity="hr-1")
Break = Callable[[], Any]


class HrConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    host: str


class Odd:
    """Does as it is told, and no more of a connector than that."""

    answer: Break
    items: tuple[object, ...] = ()

    def __init__(self, _config: object, secrets: Mapping[str, str], _rules: object, _terms: object) -> None:
        self.secrets = dict(secrets)

    async def preflight(self, _now: datetime) -> Any:  # noqa: ANN401  # whatever the test says
        found = type(self).answer()
        return await found if asyncio.iscoroutine(found) else found

    find_user = preflight

    def stages(self, _mode: str) -> Any:  # noqa: ANN401  # as above
        return type(self).answer()

    async def pages(self, _stream: str, _cursor: str | None) -> AsyncIterator[Any]:
        for item in self.items:
            yield item() if callable(item) else item

    async def aclose(self) -> None:
        raise RuntimeError(SECRET)


HR = ConnectorKind(
    name="hr",
    label="HR",
    config_type=HrConfig,
    secret_fields=(SecretField("token", "Token"),),
    secrets_bound_to=("host",),
    default_rules=(),
    connect=Odd,  # type: ignore[arg-type]  # that it is odd is what this is about
)


def raising(error: BaseException) -> Break:
    def work() -> None:
        raise error

    return work


@pytest.fixture(autouse=True)
def hr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make HR the connector that another package brings along."""
    monkeypatch.setattr(registry, "_loaded", lambda _name: HR)


async def checked(monkeypatch: pytest.MonkeyPatch, answer: Break) -> Check:
    monkeypatch.setattr(Odd, "answer", staticmethod(answer), raising=False)
    return await OFFERED.check("hr", {"host": "hr.example"}, SECRETS, None, now=NOW)


async def test_one_that_keeps_its_promises_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await checked(monkeypatch, lambda: FINE)

    assert (found.passed, found.identity) == (True, "hr-1")


@pytest.mark.parametrize(
    "error",
    [
        ValueError(SECRET), KeyError(SECRET), RecursionError(), SystemExit(SECRET), AssertionError(SECRET),
        ExceptionGroup(SECRET, [ValueError(SECRET)]), TimeoutError(SECRET), OSError(SECRET),
        SourceError("auth", f"{SECRET} is wrong", remedy=f"do not use {SECRET}"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
async def test_whatever_it_raises_is_a_failed_step_without_credentials(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    found = await checked(monkeypatch, raising(error))

    assert [step.outcome for step in found.steps] == ["failed"]
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    "nonsense",
    [
        None, 7, "passed", {"steps": []}, Finding(steps=()),
        Preflight(steps=None),  # type: ignore[arg-type]  # odd on purpose
        Preflight(steps=(Step(outcome="splendid"),)),  # type: ignore[arg-type]  # odd on purpose
        Preflight(steps=(Step(outcome="passed", words=7),)),  # type: ignore[arg-type]  # odd on purpose
        Preflight(steps=(), identity=7),  # type: ignore[arg-type]  # odd on purpose
        Preflight(steps=(), users="many"),  # type: ignore[arg-type]  # odd on purpose
        Preflight(steps=(), credential_expires_at=datetime(2027, 1, 1)),  # noqa: DTZ001  # a naive one
    ],
    ids=repr,
)  # fmt: skip
async def test_nonsense_is_a_failed_step(monkeypatch: pytest.MonkeyPatch, nonsense: object) -> None:
    found = await checked(monkeypatch, lambda: nonsense)

    assert [(step.outcome, "broke" in step.detail) for step in found.steps] == [("failed", True)]


async def test_one_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outsiders, "ANSWER_S", 0)
    found = await checked(monkeypatch, asyncio.Event().wait)

    assert "in time" in found.steps[0].detail


async def test_what_it_says_holds_no_credential_and_nothing_that_cannot_be_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step = Step(
        key="x", words="Try", outcome="warned", detail=f"with {SECRET}\0 \ud800" + "x" * 9000, missing=(SECRET,)
    )
    found = await checked(monkeypatch, lambda: Preflight(steps=(step,), identity=SECRET, identity_name=f"by {SECRET}"))

    assert SECRET not in repr(found)
    assert "\0" not in found.steps[0].detail
    assert len(found.steps[0].detail.encode()) <= 2000


async def test_one_that_cannot_be_made_is_a_failed_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Odd, "__init__", lambda *_given: raising(ValueError(SECRET))())
    found = await checked(monkeypatch, lambda: FINE)

    assert [(step.key, step.outcome) for step in found.steps] == [("credentials", "failed")]
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    "items",
    [
        (7,),
        ({"records": []}, Done(whole=True, checkpoint=None)),
        (Page(resume=7),),  # type: ignore[arg-type]  # odd on purpose
        (Page(records=[{"ext_id": "1"}], resume=""), Done(whole=True, checkpoint=None)),  # type: ignore[list-item]  # odd on purpose
        (Page(records=[Record(kind="robot", ext_id="1")], resume=""),),  # type: ignore[arg-type]  # odd on purpose
        (Page(records=[Record(kind="user", ext_id="1", values={"Roles": "administrator"})], resume=""),),
        (Done(whole="perhaps", checkpoint=None),),  # type: ignore[arg-type]  # odd on purpose
        (raising(KeyError(SECRET)),),
        (None, Done(whole=True, checkpoint=None)),
        (),
    ],
    ids=lambda items: "raises" if items and callable(items[0]) else repr(items),
)
async def test_a_page_that_is_none_ends_the_stream_with_an_error_and_nobody_is_missed(
    monkeypatch: pytest.MonkeyPatch, items: tuple[object, ...]
) -> None:
    monkeypatch.setattr(Odd, "items", items)
    connector = await OFFERED.connected("hr", {"host": "h"}, SECRETS, None, terms=Terms(network=OFFERED.network))
    with pytest.raises(SourceError) as caught:
        assert not [item async for item in each_page(connector, "users", None)]
    await connector.aclose()

    assert caught.value.kind == "protocol"
    assert SECRET not in repr(caught.value)


@pytest.mark.parametrize(
    ("given", "waited"),
    [(27, 27.0), (float("nan"), None), (float("inf"), None), (-1, None), ("soon", None), (None, None)],
)
async def test_only_a_time_is_waited_for(monkeypatch: pytest.MonkeyPatch, given: Any, waited: float | None) -> None:  # noqa: ANN401  # whatever it gives
    odd = SourceError("busy", "wait", retry_after_s=given)  # type: ignore[arg-type]  # no kind that there is
    monkeypatch.setattr(Odd, "items", (raising(odd),))
    connector = await OFFERED.connected("hr", {"host": "h"}, SECRETS, None, terms=Terms(network=OFFERED.network))
    with pytest.raises(SourceError) as caught:
        await anext(aiter(connector.pages("users", None)))

    assert (caught.value.kind, caught.value.retry_after_s) == ("protocol", waited)


async def test_pages_of_one_that_keeps_its_promises_come_through(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(records=[Record(kind="user", ext_id="1", values={"userName": "ann", "active": True})], resume="a")
    end = Done(whole=True, checkpoint="b", source_time=NOW)
    monkeypatch.setattr(Odd, "items", (page, end))
    connector = await OFFERED.connected("hr", {"host": "h"}, SECRETS, None, terms=Terms(network=OFFERED.network))

    assert [item async for item in each_page(connector, "users", None)] == [page, end]


@pytest.mark.parametrize("bound_to", [(), ("hosts",)])
def test_one_whose_credentials_could_go_anywhere_is_refused(
    monkeypatch: pytest.MonkeyPatch, bound_to: tuple[str, ...]
) -> None:
    loose = ConnectorKind(
        name="hr",
        label="HR",
        config_type=HrConfig,
        secret_fields=HR.secret_fields,
        secrets_bound_to=bound_to,
        default_rules=(),
        connect=HR.connect,
    )
    monkeypatch.setattr(registry, "_loaded", lambda _name: loose)
    with pytest.raises(InvalidError, match="where its credentials go"):
        OFFERED.get_kind("hr")


def test_nobody_is_called_as_what_pushes() -> None:
    with pytest.raises(InvalidError, match="kind"):
        OFFERED.get_kind("scim")
    assert OFFERED.get_kind("hr").label == "HR"


def test_a_configuration_that_its_check_chokes_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    choking = ConnectorKind(
        name="hr",
        label="HR",
        config_type=HrConfig,
        secret_fields=(),
        secrets_bound_to=(),
        default_rules=(),
        connect=HR.connect,
        check_config=lambda *_given: raising(RuntimeError(SECRET))(),
    )
    monkeypatch.setattr(registry, "_loaded", lambda _name: choking)
    with pytest.raises(InvalidError) as caught:
        OFFERED.checked_config("hr", {"host": "h"})
    assert SECRET not in str(caught.value)


def test_a_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InvalidError):
        OFFERED.checked_config("hr", {"host": "\ud800"})
    with pytest.raises(InvalidError):
        OFFERED.checked_rules([{"rule": "constant", "target": "userName", "value": "\ud800"}])
