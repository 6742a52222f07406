"""Lists as CSV files: streamed page by page, and no cell that a spreadsheet would take for a formula."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import TypeAlias
from unicodedata import category

from litestar.response import Stream

from portal.rendering import secure_headers
from portal.times import iso
from portal.visit import PortalRequest, site_of

Cell: TypeAlias = str | int | bool | datetime | None

MEDIA_TYPE = "text/csv"
BYTE_ORDER_MARK = "\ufeff"
"""By it Excel knows that a file is UTF-8; programs that read CSV may take it for a part of the first heading."""

CHUNK_CHARS_MIN = 32 * 1024
SANDBOX = "default-src 'none'; sandbox"

# What spreadsheets read as a formula at the start of a cell (OWASP, "CSV Injection"), the full-width forms included.
_FORMULA_STARTS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_CONTROLS = ("\t", "\r", "\n")
"""These too when they stand first, or behind spaces."""

_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode categories of what a spreadsheet may skip before it looks: spaces, and signs that nobody sees."""


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: one that could be gets an apostrophe in front."""
    seen = next((sign for sign in text if not _is_invisible(sign)), "")
    return f"'{text}" if seen in _FORMULA_STARTS or text.lstrip(" ")[:1] in _CONTROLS else text


def _is_invisible(sign: str) -> bool:
    return sign.isspace() or category(sign) in _INVISIBLE


def csv_line(cells: Sequence[Cell]) -> str:
    """Return one line: every cell quoted, times in UTC, nothing for None."""
    return ",".join(_quoted(cell) for cell in cells) + "\r\n"


def _quoted(cell: Cell) -> str:
    match cell:
        case None:
            return '""'
        case bool():
            return '"yes"' if cell else '"no"'
        case int():
            return f'"{cell}"'
        case datetime():
            return f'"{iso(cell)}"'
        case _:
            doubled = safe_cell(cell.replace("\0", "")).replace('"', '""')
            return f'"{doubled}"'


async def send_csv(
    request: PortalRequest, file_name: str, columns: Sequence[str], rows: AsyncIterator[Sequence[Cell]]
) -> Stream:
    """Answer with a file of ``rows``, which are drawn while they are sent.

    The first row is drawn before, so that what cannot be read is an error page and not half a file. ``?bom=no`` in the
    address leaves the byte order mark out.
    """
    mark = "" if request.query_params.get("bom") == "no" else BYTE_ORDER_MARK
    first = await anext(rows, None)

    async def text() -> AsyncIterator[bytes]:
        kept = mark + csv_line(columns) + ("" if first is None else csv_line(first))
        async for row in rows:
            kept += csv_line(row)
            if len(kept) >= CHUNK_CHARS_MIN:
                yield kept.encode(errors="replace")
                kept = ""
        yield kept.encode(errors="replace")

    return Stream(text, headers=export_headers(request, file_name), media_type=MEDIA_TYPE)


def export_headers(request: PortalRequest, file_name: str) -> dict[str, str]:
    """Return the headers of a file to keep, whose name gets the tenant's slug and the day."""
    visit = request.auth
    stem, _, ending = file_name.rpartition(".")
    name = f"{visit.operator.tenant.slug}-{stem}-{visit.now:%Y-%m-%d}.{ending}"
    return {
        **secure_headers(site_of(request)),
        "Content-Security-Policy": SANDBOX,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
