"""What is installed is pinned by content, and no older than what security rests on."""

import importlib.metadata
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.shape.tree import ROOT

LOCKS = ("requirements.txt", "requirements-test.txt")

# Older ones have known holes, or other internals than our engines were tested with; the ceilings are the next majors.
FLOORS = {"litestar": ("2.25", "3"), "piccolo": ("1.38", "2"), "apscheduler": ("3.11", "4")}

_PIN = re.compile(r"^(?P<name>[a-z0-9-]+)(\[[\w,-]+\])?==(?P<version>\S+)(?P<rest>.*)$", re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_address_and_no_option_but_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert "://" not in text
    assert set(re.findall(r"--?[a-z][a-z-]*(?=[\s=])", strip_pins(text))) == {"--hash"}
    assert re.findall(r"@\s", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    entries = (ROOT / lock).read_text().replace("\\\n", " ").splitlines()

    assert entries
    assert [entry for entry in entries if not (_PIN.match(entry) and "--hash=sha256:" in entry)] == []


def test_test_lock_contains_the_other_one() -> None:
    assert pins(LOCKS[0]).items() <= pins(LOCKS[1]).items()


@pytest.mark.parametrize(("extra", "lock"), [(None, LOCKS[0]), ("test", LOCKS[1])])
def test_lock_satisfies_what_the_project_asks_for(extra: str | None, lock: str) -> None:
    wanted = requirements(extra)
    pinned = pins(lock)

    assert {str(one) for one in wanted if not one.specifier.contains(pinned.get(key_of(one), "0"))} == set()


@pytest.mark.parametrize(("name", "floor", "ceiling"), [(name, *bounds) for name, bounds in FLOORS.items()])
def test_floors_hold_for_the_project_and_for_what_is_installed(name: str, floor: str, ceiling: str) -> None:
    asked = next(one for one in requirements(None) if key_of(one) == name)
    installed = Version(importlib.metadata.version(name))

    assert Version(floor) <= installed < Version(ceiling)
    assert {(bound.operator, bound.version) for bound in asked.specifier} == {(">=", floor), ("<", ceiling)}


def test_what_we_refuse_to_use_is_not_pinned() -> None:
    refused = {"piccolo-api", "piccolo-admin", "fastapi", "django", "flask"}

    assert refused & pins(LOCKS[0]).keys() == set()


def requirements(extra: str | None) -> list[Requirement]:
    """Return what pyproject.toml asks for, always or with ``extra``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


def pins(lock: str) -> dict[str, str]:
    """Return version by package of a lock file."""
    return {pin["name"]: pin["version"] for pin in _PIN.finditer((ROOT / lock).read_text())}


def strip_pins(text: str) -> str:
    """Return a lock file without its names and markers, which may contain hyphens."""
    return re.sub(r"^\S.*$", "", text, flags=re.MULTILINE)


def key_of(requirement: Requirement) -> str:
    """Return the normalised name of a package."""
    return re.sub(r"[-_.]+", "-", requirement.name).lower()
