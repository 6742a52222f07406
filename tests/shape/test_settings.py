"""Every setting is documented, and nothing else is."""

import dataclasses
import re
from typing import Any

import pytest

from rolebook.settings import Settings
from tests.shape.tree import ROOT

_ROW = re.compile(r"^\| `(?P<name>ROLEBOOK_[A-Z0-9_]+)`(?P<rest>.*)$", re.MULTILINE)


def test_operations_lists_exactly_the_settings_there_are() -> None:
    assert documented().keys() == {variable_of(field) for field in dataclasses.fields(Settings)}


@pytest.mark.parametrize("part", ["says", "shown"])
def test_operations_gives_each_setting_the_words_and_the_default_of_the_program(part: str) -> None:
    rows = documented()
    strange = [
        f"{variable_of(field)}: {field.metadata[part]}"
        for field in dataclasses.fields(Settings)
        if field.metadata[part] not in rows.get(variable_of(field), "")
    ]

    assert strange == []


def documented() -> dict[str, str]:
    """Return the rows of the settings table by variable."""
    return {row["name"]: row["rest"] for row in _ROW.finditer((ROOT / "docs" / "operations.md").read_text())}


def variable_of(field: dataclasses.Field[Any]) -> str:
    """Return the environment variable of a setting."""
    return f"ROLEBOOK_{field.name.upper()}"
