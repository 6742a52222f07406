"""What docs/architecture.md names exists."""

import re
from pkgutil import resolve_name

import pytest

from directory import errors
from directory.errors import DirectoryError
from rolebook import duties
from rolebook.outgoing import outgoing_duties
from rolebook.pulling import DUTY
from rolebook.settings import Settings
from tests.shape.tree import ROOT

TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMES = sorted(set(re.findall(r"`((?:rolebook|scim|portal|directory)(?:\.\w+)+)`", TEXT)))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_picture_is_one_of_the_program(name: str) -> None:
    package, _, rest = name.partition(".")
    found = [f"{package}.{rest}".rsplit(".", count)[0] for count in range(rest.count(".") + 1)]

    assert any(is_there(module, name) for module in found)


def test_the_tree_of_errors_is_complete() -> None:
    kinds = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, DirectoryError)}

    assert {name for name in kinds if name not in TEXT} == set()


def test_the_table_of_duties_is_complete() -> None:
    _, _, chapter = TEXT.partition("## Background duties")
    told = set(re.findall(r"^\| `(\w+)` \|", chapter.partition("\n## ")[0], re.MULTILINE))

    sending = Settings.from_env({"ROLEBOOK_SMTP_URL": "smtp://localhost", "ROLEBOOK_MAIL_FROM": "a@example.com"})

    assert told == {duty.name for duty in (*duties.OF_ALL, *duties.OF_EACH, *outgoing_duties(sending))} | {DUTY}


def is_there(module: str, name: str) -> bool:
    """Tell whether ``name`` is found in ``module``, a prefix of it."""
    rest = name.removeprefix(module).removeprefix(".")
    try:
        resolve_name(f"{module}:{rest}" if rest else module)
    except (ImportError, AttributeError):
        return False
    return True
