"""Every default of the stack that would break a promise of ours has a regression test."""

import re

from tests.shape.tree import each_text

TRAPS = {
    *(f"D{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 10)),  # Piccolo
    *(f"L{number}" for number in range(1, 15)),  # Litestar
    *(f"S{number}" for number in (1, 2, 4, 5, 6)),  # servers, databases, browser
}
"""D9 is a class that we do not use; S3 is row-level security, S7 a global chain of events: neither is there."""


def test_every_trap_has_a_test() -> None:
    marked = {
        trap
        for name, text in each_text()
        if name.startswith("tests/")
        for trap in re.findall(r'mark\.trap\("(\w+)"', text)
    }

    assert TRAPS - marked == set()
