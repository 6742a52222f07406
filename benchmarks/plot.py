"""The rates as a picture: a group of bars for each operation, on a logarithmic scale."""

import math
from collections.abc import Sequence
from html import escape

from benchmarks.systems import System
from benchmarks.tables import Rates, operations_of

COLOURS = ("#1b5e9e", "#5b9bd5", "#d1495b", "#edae49", "#66a182", "#8d6a9f")
BAR, GAP, HEIGHT, LEFT, TOP = 11, 18, 260, 56, 46
DECADES = (1, 10, 100, 1_000, 10_000)


def draw(rates: Rates, systems: Sequence[System], connections: int) -> str:
    """Return an SVG of right answers per second at so many connections."""
    names = operations_of(rates)
    group = BAR * len(systems) + GAP
    width = LEFT + group * len(names) + GAP
    size = f'viewBox="0 0 {width} {TOP + HEIGHT + 30}" role="img" font-family="sans-serif" font-size="10"'
    title = f"Right answers per second, {connections} connections"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><title>{title}</title>',
        f'<rect width="{width}" height="{TOP + HEIGHT + 30}" fill="white"/>',
        *(_line(value, width) for value in DECADES),
        *(_key(system, number) for number, system in enumerate(systems)),
    ]
    for at, operation in enumerate(names):
        left = LEFT + group * at
        parts.append(f'<text x="{left}" y="{TOP + HEIGHT + 16}">{escape(operation)}</text>')
        parts += [
            _bar(left + BAR * number, rates.get((system.name, operation, connections), 0.0), number, system.name)
            for number, system in enumerate(systems)
        ]
    return "\n".join([*parts, "</svg>", ""])


def _y(rate: float) -> float:
    return TOP + HEIGHT * (1 - math.log10(max(rate, 1)) / math.log10(DECADES[-1]))


def _line(value: int, width: int) -> str:
    y = _y(value)
    return (
        f'<path d="M{LEFT - 4} {y:.1f}H{width}" stroke="#ddd"/>'
        f'<text x="{LEFT - 8}" y="{y + 3:.1f}" text-anchor="end">{value:,}</text>'
    )


def _key(system: System, number: int) -> str:
    x, y = LEFT + 180 * (number % 3), 12 + 16 * (number // 3)
    square = f'<rect x="{x}" y="{y - 8}" width="9" height="9" fill="{COLOURS[number]}"/>'
    return f'{square}<text x="{x + 14}" y="{y}">{escape(system.name)}</text>'


def _bar(x: float, rate: float, number: int, name: str) -> str:
    y = _y(rate)
    height = TOP + HEIGHT - y
    return (
        f'<rect x="{x}" y="{y:.1f}" width="{BAR - 1}" height="{height:.1f}" fill="{COLOURS[number]}">'
        f"<title>{escape(name)}: {rate:,.0f} per second</title></rect>"
    )
