"""The files of this repository, and what the promises about them need to know."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("rolebook", "portal", "scim", "connectors", "directory")

_MADE_BY_TOOLS = {
    ".git", ".venv", ".hypothesis", ".import_linter_cache", ".mypy_cache", ".pytest_cache", ".ruff_cache",
    "__pycache__", "dist", "test-results",
}  # fmt: skip
_MADE_AT_THE_ROOT = ROOT / "reports"
"""Of tests; a folder of templates has the same name."""

_TEXT_SUFFIXES = {"", ".cfg", ".css", ".html", ".ini", ".js", ".json", ".md", ".py", ".svg", ".toml", ".txt", ".yaml"}
_VENDORED = {"htmx.min.js", "hx-sse.min.js"}


def each_file(folder: Path = ROOT) -> Iterator[Path]:
    """Yield every file below ``folder`` that is ours: neither made by a tool nor a database."""
    for path in sorted(folder.iterdir()):
        if path.name in _MADE_BY_TOOLS or path == _MADE_AT_THE_ROOT:
            continue
        if path.is_dir():
            yield from each_file(path)
        else:
            yield path


def each_text() -> Iterator[tuple[str, str]]:
    """Yield name and text of every text file written here; LICENSE and vendored files are not."""
    for path in each_file():
        if path.suffix in _TEXT_SUFFIXES and path.name not in {"LICENSE", *_VENDORED}:
            yield name_of(path), path.read_text(encoding="utf-8")


def each_module(*folders: str) -> Iterator[Path]:
    """Yield the Python files of ``folders``; of the five packages when none is named."""
    for folder in folders or PACKAGES:
        yield from (path for path in each_file(ROOT / folder) if path.suffix == ".py")


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def each_function(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions and methods of a Python file, nested ones included."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def name_of(path: Path) -> str:
    """Return how messages name a file: its path from the root."""
    return path.relative_to(ROOT).as_posix()
