"""Files and functions stay small enough to be read in one go."""

import statistics

from tests.shape.tree import each_function, each_module, name_of

FILE_LINES_MAX = 350
FILE_LINES_MEDIAN_MAX = 110
FUNCTION_LINES_MAX = 45
FUNCTION_LINES_P95_MAX = 28


def test_no_file_is_longer_than_350_lines() -> None:
    sizes = {name_of(path): len(path.read_text().splitlines()) for path in each_module()}
    sizes |= {name_of(path): len(path.read_text().splitlines()) for path in each_module("tests")}

    assert {name: size for name, size in sizes.items() if size > FILE_LINES_MAX} == {}


def test_median_file_is_at_most_110_lines() -> None:
    sizes = [len(path.read_text().splitlines()) for path in each_module()]

    assert statistics.median(sizes) <= FILE_LINES_MEDIAN_MAX


def test_no_function_is_longer_than_45_lines() -> None:
    sizes = {
        f"{name_of(path)}:{function.lineno} {function.name}": lines_of(function.lineno, function.end_lineno)
        for path in [*each_module(), *each_module("tests")]
        for function in each_function(path)
    }

    assert {name: size for name, size in sizes.items() if size > FUNCTION_LINES_MAX} == {}


def test_of_a_hundred_functions_95_have_at_most_28_lines() -> None:
    sizes = [
        lines_of(function.lineno, function.end_lineno) for path in each_module() for function in each_function(path)
    ]

    assert statistics.quantiles(sizes, n=100)[94] <= FUNCTION_LINES_P95_MAX


def lines_of(first: int, last: int | None) -> int:
    """Return how many lines a piece of source has, its docstring included."""
    return (last or first) - first + 1
