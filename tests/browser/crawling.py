"""Every page that links lead to from the overview, by kind: what the address says without its ids and values."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Page

LEAVING = ("/sign-out",)
FILES = (".csv", ".ndjson", "/stream", "/live", "/live/requests", "/routing/progress", "/preview/weighing")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|\b[0-9A-Z]{4}-[0-9A-Z]{4}\b|(?<==)[^&#]+")
_HREFS = "all => all.map(one => one.getAttribute('href'))"


def kind_of(address: str, root: str) -> str:
    """Return an address without what tells pages of a kind apart: ``sub-accounts/{}``, ``groups?after={}``."""
    return _ID.sub("{}", address.removeprefix(root))


def is_file(address: str) -> bool:
    """Tell whether an address is that of an export or a stream."""
    return urlsplit(address).path.endswith(FILES) or "/export" in urlsplit(address).path


def links_of(page: Page, root: str) -> Iterator[str]:
    """Yield the addresses below ``root`` that an open page links to."""
    for href in page.eval_on_selector_all("a[href]", _HREFS):
        address = urljoin(page.url, str(href)).partition("#")[0]
        if address.startswith(root) and not address.endswith(LEAVING):
            yield address


def each_address(
    page: Page,
    root: str,
    *,
    visit: Callable[[str], object],
    of_a_kind: Callable[[str], int],
    also: Sequence[str] = (),
) -> Iterator[str]:
    """Visit what links lead to from the overview below ``root`` and ``also``, and yield every address found.

    ``visit`` opens an address in ``page``; ``of_a_kind`` says how many of a kind are visited, 0 for none.
    """
    waiting = [f"{root}overview", *(f"{root}{path}" for path in also)]
    seen, kinds = set(waiting), Counter[str]()
    while waiting:
        address = waiting.pop(0)
        yield address
        kind = kind_of(address, root)
        kinds[kind] += 1
        if is_file(address) or kinds[kind] > of_a_kind(kind):
            continue
        visit(address)
        for link in links_of(page, root):
            if link not in seen:
                seen.add(link)
                waiting.append(link)
