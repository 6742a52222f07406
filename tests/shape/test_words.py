"""The words that this repository does not say."""

import ast
import re
import sys

from tests.shape.tree import each_module, each_text, name_of, parsed

VAGUE = {"utils", "util", "helpers", "common", "base", "misc", "manager", "service", "handler", "core", "shared"}
_DUE = re.compile(r"\b([T]ODO|[F]IXME|[X]XX)\b")
_MACHINE_PATH = re.compile(r"(?<![\w.})/])/(work|root|tmp|home)(?=[/\s\"'`]|$)", re.MULTILINE)
_INDEX = re.compile(r"pypi\.org|python[h]osted|npmjs\.|unpkg\.|[j]sdelivr|debian\.org|index-[u]rl|find-[l]inks")
_EXCUSE = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b(?P<rest>[^\n]*)")
_REASONED = re.compile(r":?\s*(\[[\w, -]+\]|[A-Z]+\d+(,\s*[A-Z]+\d+)*)[^\w\n]*\w")


def test_nothing_is_left_for_later() -> None:
    assert found_in_texts(_DUE) == []


def test_no_path_of_the_machine_it_was_written_on() -> None:
    assert found_in_texts(_MACHINE_PATH) == []


def test_no_address_of_a_package_index() -> None:
    assert found_in_texts(_INDEX) == []


def test_no_module_has_a_vague_name_or_one_of_the_standard_library() -> None:
    taken = VAGUE | set(sys.stdlib_module_names)

    assert [name_of(path) for path in each_module() if path.stem in taken] == []


def test_every_silenced_warning_says_why() -> None:
    silent = [
        f"{name}: {excuse.group().strip()}"
        for name, text in each_text()
        if name.endswith(".py")
        for excuse in _EXCUSE.finditer(text)
        if not _REASONED.match(excuse["rest"])
    ]

    assert silent == []


def test_no_parameter_is_called_just_id() -> None:
    bare = [
        f"{name_of(path)}:{node.lineno}"
        for path in each_module()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.arg) and node.arg == "id"
    ]

    assert bare == []


def test_errors_end_in_error_and_rows_in_row() -> None:
    odd = [
        f"{name_of(path)}: {node.name}"
        for path in each_module()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and expected_ending(node) and not node.name.endswith(expected_ending(node))
    ]

    assert odd == []


def expected_ending(node: ast.ClassDef) -> str:
    """Return the ending that the parents of a class ask for, or an empty text."""
    parents = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    if "Table" in parents:
        return "Row"
    return "Error" if any(parent.endswith(("Error", "Exception")) for parent in parents) else ""


def found_in_texts(pattern: re.Pattern[str]) -> list[str]:
    """Return where ``pattern`` occurs in what is written here, as "file:line: words"."""
    return [
        f"{name}:{number}: {match.group()}"
        for name, text in each_text()
        for number, line in enumerate(text.splitlines(), start=1)
        for match in pattern.finditer(line)
    ]
