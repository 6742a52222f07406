"""Calls that lint cannot see, because they are methods."""

import ast
from collections.abc import Iterator

import pytest

from tests.shape.tree import each_module, each_text, name_of, parsed

# Of Piccolo: silent no-op when nested, swallowed errors, a new event loop, every column written, races, SQLite refuses.
REFUSED_METHODS = {"atomic", "batch", "run_sync", "save", "get_or_create", "lock_rows"}


def test_no_method_of_piccolo_that_breaks_a_promise_is_called() -> None:
    used = [
        f"{name_of(path)}:{call.lineno} .{call.func.attr}()"
        for path in each_module("directory", "rolebook")
        for call in each_call(parsed(path))
        if isinstance(call.func, ast.Attribute) and call.func.attr in REFUSED_METHODS
    ]

    assert used == []


def test_only_the_engines_open_transactions() -> None:
    used = {
        name_of(path)
        for path in each_module()
        for call in each_call(parsed(path))
        if isinstance(call.func, ast.Attribute) and call.func.attr == "transaction"
    }

    assert {name for name in used if not name.startswith("directory/store/")} == set()


def test_only_settings_reads_the_environment() -> None:
    readers = {
        name_of(path)
        for path in each_module()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }

    assert readers <= {"rolebook/settings.py"}


def test_only_jobs_and_the_door_that_words_errors_catch_everything() -> None:
    broad = [
        name_of(path)
        for path in each_module()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
    ]

    # A pull is a job of its own, and the connector of another package may raise anything.
    assert set(broad) <= {"rolebook/jobs.py", "rolebook/pull_work.py", "scim/door.py"}, broad
    assert len(broad) <= 4, broad


def test_nothing_marks_text_as_safe() -> None:
    marked = [name for name, text in each_text() if name.startswith("portal/") and "Markup(" in text]

    assert marked == []


def each_call(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield every call of a module."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler swallows any exception: broad, and neither raises it nor hands it to who waits."""
    caught = "" if handler.type is None else ast.unparse(handler.type)
    passes_on = any(
        isinstance(node, ast.Raise) or (isinstance(node, ast.Attribute) and node.attr == "set_exception")
        for node in ast.walk(handler)
    )
    return caught in {"", "Exception", "BaseException"} and not passes_on


@pytest.mark.trap("L9")
@pytest.mark.parametrize("module", ["rate_limit", "session", "csrf", "logging"])
def test_no_middleware_of_the_framework_that_breaks_a_promise_is_used(module: str) -> None:
    importers = [
        name_of(path)
        for path in each_module()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"litestar.middleware.{module}")
    ]

    assert importers == []
