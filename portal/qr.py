"""QR codes as the path of an SVG: no image to load, no style to allow."""

from dataclasses import dataclass

import segno

QUIET = 4
"""Modules of white around the code (ISO/IEC 18004)."""


@dataclass(frozen=True, slots=True)
class QrCode:
    """A code ready to be drawn in a square of ``size`` units."""

    size: int
    path: str


def qr_code_for(text: str) -> QrCode:
    """Return the code of a text, each run of dark modules one rectangle of the path."""
    rows = segno.make(text, error="m", micro=False).matrix
    parts: list[str] = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            start = x
            while x < len(row) and row[x]:
                x += 1
            if x > start:
                parts.append(f"M{start + QUIET} {y + QUIET}h{x - start}v1h-{x - start}z")
            x += 1
    return QrCode(len(rows) + 2 * QUIET, "".join(parts))
