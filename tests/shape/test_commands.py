"""What the documents tell people to type exists and does what they say."""

import os
import re

import click
import pytest

from rolebook.cli import main
from tests.shape.tree import ROOT

TARGETS_MAX = 9
_TARGET = re.compile(r"^(?P<name>[a-z]+):[^=\n]*?(?:## (?P<help>.+))?$", re.MULTILINE)
_TYPED = re.compile(
    r"^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?P<words>(?:make|rolebook|\S*python\S* -m rolebook) .*)$", re.MULTILINE
)
_BLOCK = re.compile(r"^```(?:sh|bash|console|shell|text)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"`((?:make|rolebook) [^`\n]+)`")
_WORD = re.compile(r"[a-z][a-z-]*")

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/operations.md", "docs/super-tenant.md")


def test_readme_gives_the_two_commands() -> None:
    assert {"make run", "make test"} <= {" ".join(words[:2]) for words in typed_in("README.md")}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_of_the_documents_exists(document: str) -> None:
    asked = {words[1] for words in typed_in(document) if words[0] == "make"}

    assert asked <= targets().keys()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_rolebook_command_of_the_documents_exists(document: str) -> None:
    missing = [words for words in typed_in(document) if words[0] == "rolebook" and not is_command(words[1:])]

    assert missing == []


def test_make_has_at_most_nine_targets_and_explains_each() -> None:
    assert len(targets()) <= TARGETS_MAX
    assert [name for name, words in targets().items() if not words] == []


def test_continuous_integration_runs_what_the_readme_says() -> None:
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    assert script.read_text().rstrip().endswith("make test")


def targets() -> dict[str, str]:
    """Return the targets of the Makefile with their explanations."""
    return {one["name"]: one["help"] or "" for one in _TARGET.finditer((ROOT / "Makefile").read_text())}


def typed_in(document: str) -> list[list[str]]:
    """Return the commands that a document shows, in blocks or between backticks, as lists of words."""
    text = (ROOT / document).read_text()
    lines = [one["words"] for block in _BLOCK.findall(text) for one in _TYPED.finditer(block)]
    typed = [re.sub(r"^\S*python\S* -m ", "", line).split() for line in [*lines, *_QUOTED.findall(text)]]
    return [[word for word in words if _WORD.fullmatch(word)] for words in typed if _WORD.fullmatch(words[1])]


def is_command(words: list[str]) -> bool:
    """Tell whether ``words`` lead to a command; words after it are its arguments."""
    group: click.Command = main
    for word in words:
        if not isinstance(group, click.Group):
            return True
        if word not in group.commands:
            return False
        group = group.commands[word]
    return True
