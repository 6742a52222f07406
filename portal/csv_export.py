"""Lists as CSV files: streamed page by page, and no cell that a spreadsheet would take for a formula."""

from collections.abc import AsyncIterator, Sequence

from litestar.response import Stream

from directory.csv_text import BYTE_ORDER_MARK, Cell, csv_line, safe_cell
from portal.rendering import secure_headers
from portal.visit import PortalRequest, site_of

__all__ = ["BYTE_ORDER_MARK", "Cell", "csv_line", "export_headers", "safe_cell", "send_csv"]

MEDIA_TYPE = "text/csv"
CHUNK_CHARS_MIN = 32 * 1024
SANDBOX = "default-src 'none'; sandbox"


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
