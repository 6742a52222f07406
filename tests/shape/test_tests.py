"""The tests themselves: each asserts, none is skipped, none waits for time to pass, none pretends."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.shape.tree import ROOT, each_file, each_function, each_module, name_of, parsed

ASSERTING = ("assert", "check", "expect", "raises")
SLEEPS = {"time.sleep", "asyncio.sleep", "anyio.sleep", "page.wait_for_timeout"}
SKIPS = {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.importorskip"}


def test_every_tests_folder_is_a_package() -> None:
    folders = {path.parent for path in each_file(ROOT / "tests") if path.suffix == ".py"}

    assert [name_of(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_every_test_asserts_something() -> None:
    assert [place(path, one) for path, one in each_test() if not asserts(one)] == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    assert used_names(SKIPS) == []


def test_no_test_waits_for_time_to_pass() -> None:
    waits = [
        f"{name_of(path)}:{node.lineno}"
        for path in each_module("tests")
        if path.name.startswith("test_")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in SLEEPS and ast.unparse(node.args[0]) != "0"
    ]

    assert waits == []


def test_no_test_docstring_repeats_the_name() -> None:
    repeating = [
        place(path, one)
        for path, one in each_test()
        if (ast.get_docstring(one) or "").lower().strip(" .") == one.name.removeprefix("test_").replace("_", " ")
    ]

    assert repeating == []


def each_test() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield every test function with its file."""
    for path in each_module("tests"):
        if path.name.startswith("test_"):
            yield from ((path, one) for one in each_function(path) if one.name.startswith("test_"))


def asserts(function: ast.AST) -> bool:
    """Tell whether a test asserts, itself or by a function whose name says so."""
    return any(
        isinstance(node, ast.Assert)
        or (isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2].startswith(ASSERTING))
        for node in ast.walk(function)
    )


def used_names(names: set[str]) -> list[str]:
    """Return where tests name one of ``names``."""
    return [
        f"{name_of(path)}:{node.lineno} {ast.unparse(node)}"
        for path in each_module("tests")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in names
    ]


def place(path: Path, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return how a message names a test."""
    return f"{name_of(path)}:{function.lineno} {function.name}"
