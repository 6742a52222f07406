import inspect
import re
from pathlib import Path

from scim import quirks

ROOT = Path(__file__).parents[2]
QUIRK = re.compile(r"((?:^#.*\n)+)(?:def )?(\w+)", re.MULTILINE)


def documented() -> dict[str, tuple[str, str]]:
    """Return client and golden file of each quirk in the document, by name."""
    text = (ROOT / "docs" / "scim-divergences.md").read_text(encoding="utf-8")
    return {
        name: (client, file)
        for name, client, file in re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \| `([^`]+)` \|$", text, re.MULTILINE)
    }


def in_code() -> dict[str, str]:
    """Return the golden file of each quirk in the code, by name."""
    found = {}
    for comment, name in QUIRK.findall(inspect.getsource(quirks)):
        files = re.findall(r"tests/idp/\S+\.json", comment)
        assert len(files) == 1, name
        found[name] = files[0]
    return found


def test_every_quirk_is_documented_with_its_golden_file() -> None:
    assert {name: file for name, (_, file) in documented().items()} == in_code()
    assert len(in_code()) > 10


def test_every_quirk_has_a_golden_file() -> None:
    missing = [file for file in in_code().values() if not (ROOT / file).is_file()]
    assert missing == []
