"""Okta's import: all users and groups in pages of a hundred; nobody twice, nobody missing, one total."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from rolebook.rehearsal.checks import Check, ids_in, is_number, lists
from rolebook.rehearsal.comparing import Wrong
from rolebook.rehearsal.exchange import Reply, Request, query, shown
from rolebook.rehearsal.okta_users import PAGE
from rolebook.rehearsal.wire import Wire

SMALL_PAGE = 3
SMALL_PAGES = 4


@dataclass(slots=True)
class Import:
    """A walk through the pages of ``/Users`` or ``/Groups``."""

    wire: Wire
    path: str
    ours: Callable[[], Mapping[int, str]]
    """The ids that must be among those found."""
    found: list[str] = field(default_factory=list)
    total: int | None = None

    async def walk(self) -> None:
        """Read every page; then the first ones again in pages of three, which must be the same in the same order."""
        step = f"import {self.path}"
        total = await self._read_page(step, 1)
        self.total = total
        for start in range(1 + PAGE, total + 1, PAGE):
            await self._read_page(step, start)
        for start in range(1, min(total, SMALL_PAGE * SMALL_PAGES) + 1, SMALL_PAGE):
            await self.wire.ask(step, self._page(start, SMALL_PAGE), lists(), self._same(start))

    async def _read_page(self, step: str, start: int) -> int:
        """Read a page of a hundred, and return the total that it tells."""
        reply = await self.wire.ask(step, self._page(start, PAGE), lists(), self._continues(start), self._complete)
        self.found.extend(ids_in(reply))
        total = reply.resource().get("totalResults")
        return total if is_number(total) else 0

    def _page(self, start: int, count: int) -> Request:
        return Request("GET", query(self.path, startIndex=start, count=count))

    def _continues(self, start: int) -> Check:
        """A full page that begins where it should, with a total that stays and nobody who was there before."""

        def check(reply: Reply) -> Iterator[Wrong]:
            page, ids = reply.resource(), ids_in(reply)
            total = page.get("totalResults")
            if page.get("startIndex") != start:
                yield Wrong(f"startIndex {start}", shown(page.get("startIndex")))
            if self.total is not None and total != self.total:
                yield Wrong(f"totalResults {self.total} as on the first page", shown(total))
            due = min(PAGE, max(0, total - start + 1)) if is_number(total) else len(ids)
            if len(ids) != due:
                yield Wrong(f"{due} Resources", str(len(ids)))
            if len({*self.found, *ids}) != len(self.found) + len(ids):
                yield Wrong("nobody twice", "an id that was on this page or one before already")

        return check

    def _complete(self, reply: Reply) -> Iterator[Wrong]:
        """After the last page, everything that was created must have been seen."""
        total = reply.resource().get("totalResults")
        seen = {*self.found, *ids_in(reply)}
        if is_number(total) and len(self.found) + len(ids_in(reply)) >= total:
            missing = set(self.ours().values()) - seen
            if missing:
                yield Wrong("everything that was created", f"{len(missing)} missing, such as {min(missing)}")

    def _same(self, start: int) -> Check:
        def check(reply: Reply) -> Iterator[Wrong]:
            total = reply.resource().get("totalResults")
            if total != self.total:
                yield Wrong(f"totalResults {self.total} as on the first page", shown(total))
            expected = self.found[start - 1 : start - 1 + SMALL_PAGE]
            if ids_in(reply) != expected:
                yield Wrong(f"the same as in pages of {PAGE}: {shown(expected)}", shown(ids_in(reply)))

        return check
