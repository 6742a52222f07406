"""Connectors of other packages, held to what a connector promises: in time, of the right types, and without secrets."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from math import isfinite
from typing import Any, Literal, TypeVar

import msgspec

from connectors.connector import Connector, Finding, Mode, Preflight, Secrets, Step
from connectors.errors import TRIES, Kind, SourceError
from connectors.records import Done, Edge, ObjectKind, Page, Principal, Record, Reject
from directory.pulls.targets import is_target

Shape = TypeVar("Shape")

ANSWER_S = 120
"""For a check, or for one person."""

PAGE_S = 900
"""For one page, with all the waits that its source may ask for."""

CLOSE_S = 10
WORDS_MAX = 2000
SECRET_CHARS_MIN = 4
"""Shorter parts of a credential stand in any text."""

_HELD = "[hidden]"


class Outsider:
    """A connector of another package: whatever goes wrong inside is a SourceError with words that quote nobody."""

    def __init__(self, inner: Connector, secrets: Secrets) -> None:
        self._inner = inner
        self._secrets = sorted(
            {line for text in secrets.values() for line in (text, *text.splitlines()) if len(line) >= SECRET_CHARS_MIN},
            key=len,
            reverse=True,
        )

    def stages(self, mode: Mode) -> tuple[tuple[str, ...], ...]:
        """Give the streams of a pull.

        Raises:
            SourceError: they are none.
        """
        with self._answering():
            found: tuple[tuple[str, ...], ...] = msgspec.convert(self._inner.stages(mode), tuple[tuple[str, ...], ...])
        return found

    async def pages(self, stream: str, cursor: str | None) -> AsyncIterator[Page | Done]:
        """Give a stream, each page of it in time.

        Raises:
            SourceError: a page is none, or does not come.
        """
        with self._answering():
            pages = aiter(self._inner.pages(stream, cursor))
        while True:
            with self._answering():
                async with asyncio.timeout(PAGE_S):
                    item = await anext(pages, None)
                if item is None:
                    return
                page = _shaped(item, Done, Done) if isinstance(item, Done) else _page_from(item)
            yield page

    async def preflight(self, now: datetime) -> Preflight:
        """Try everything that a pull needs.

        Raises:
            SourceError: it breaks, or answers nonsense.
        """
        with self._answering():
            async with asyncio.timeout(ANSWER_S):
                found = _shaped(await self._inner.preflight(now), Preflight, Preflight)
            if found.credential_expires_at is not None and found.credential_expires_at.tzinfo is None:
                raise TypeError
        steps = tuple(self._said(step) for step in found.steps)
        identity = found.identity and self._shown(found.identity)
        name = self._shown(found.identity_name)
        return msgspec.structs.replace(found, steps=steps, identity=identity, identity_name=name)

    async def find_user(self, key: str) -> Finding:
        """Give one person.

        Raises:
            SourceError: it breaks, or answers nonsense.
        """
        with self._answering():
            async with asyncio.timeout(ANSWER_S):
                found = _finding_from(await self._inner.find_user(key))
        return msgspec.structs.replace(found, steps=tuple(self._said(step) for step in found.steps))

    async def aclose(self) -> None:
        """Close all connections; a close that fails is nobody's concern any more."""
        with suppress(SourceError), self._answering():
            async with asyncio.timeout(CLOSE_S):
                await self._inner.aclose()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except SourceError as error:
            words, remedy = self._shown(error.words), self._shown(error.remedy)
            kind: Kind = error.kind if error.kind in TRIES else "protocol"
            wait_s = _wait_s(error.retry_after_s)
            raise SourceError(kind, words, remedy=remedy, retry_after_s=wait_s, final=bool(error.final)) from None
        except TimeoutError:
            raise SourceError("transient", "the connector gave no answer in time") from None
        except (Exception, SystemExit) as error:  # noqa: BLE001  # it is another package's, and its words may quote anybody
            raise SourceError("protocol", f"the connector broke ({type(error).__name__})", final=True) from None

    def _said(self, step: Step) -> Step:
        texts = {name: self._shown(getattr(step, name)) for name in ("key", "words", "detail", "remedy")}
        return msgspec.structs.replace(step, missing=tuple(map(self._shown, step.missing)), **texts)

    def _shown(self, text: object) -> str:
        shown = str(text)[: WORDS_MAX * 2].replace("\0", "").encode(errors="replace").decode()
        for secret in self._secrets:
            shown = shown.replace(secret, _HELD)
        return shown[:WORDS_MAX]


def _wait_s(given: object) -> float | None:
    """Return how long a source asks to wait, if it is a time."""
    return float(given) if isinstance(given, int | float) and isfinite(given) and given >= 0 else None


class _RecordShape(msgspec.Struct, kw_only=True):
    """A Record with values of whichever kind JSON has; its own type is one that msgspec cannot read."""

    kind: ObjectKind
    ext_id: str
    op: Literal["upsert", "out_of_scope", "soft_deleted", "purged"]
    values: dict[str, Any]
    reason: str
    raw: dict[str, Any]


class _PageShape(msgspec.Struct, kw_only=True):
    records: list[_RecordShape]
    edges: list[Edge]
    rejects: list[Reject]
    assigned: list[Principal]
    complete_groups: list[str]
    resume: str


class _FindingShape(msgspec.Struct, kw_only=True):
    steps: tuple[Step, ...]
    record: _RecordShape | None
    groups: tuple[str, ...]
    in_scope: bool


def _page_from(found: object) -> Page:
    shape = _shaped(found, Page, _PageShape)
    rest = {name: value for name, value in msgspec.structs.asdict(shape).items() if name != "records"}
    return Page(records=[_record_from(one) for one in shape.records], **rest)


def _finding_from(found: object) -> Finding:
    shape = _shaped(found, Finding, _FindingShape)
    record = None if shape.record is None else _record_from(shape.record)
    return Finding(steps=shape.steps, record=record, groups=shape.groups, in_scope=shape.in_scope)


def _record_from(shape: _RecordShape) -> Record:
    for target in shape.values:
        if not is_target(target):
            raise SourceError("protocol", f"the connector gives {target[:40]!r}, where no value can go", final=True)
    return Record(**msgspec.structs.asdict(shape))


def _shaped(found: object, kind: type[object], shape: type[Shape]) -> Shape:
    """Return what was given in a shape, if it is what it promises to be, and so is everything in it.

    Raises:
        TypeError, ValueError: it is not.
    """
    if not isinstance(found, kind):
        raise TypeError
    return msgspec.convert(msgspec.to_builtins(found), shape)
