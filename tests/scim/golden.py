"""Golden requests: what an identity provider sends, step by step, and what it must get."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec

from directory.model import Preset

FOLDER = Path(__file__).parents[1] / "idp"
ABSENT = "<absent>"
ANY = "<any>"


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """One request; ``response`` is the part of the answer that matters, ``keep`` names the id it brings."""

    method: str
    path: str
    status: int
    request: Any = None
    response: Any = None
    keep: str = ""
    headers: dict[str, str] = {}


class Scenario(msgspec.Struct, forbid_unknown_fields=True):
    """Requests of one client; ``preset`` is the folder's name unless said otherwise."""

    about: str
    source: str
    steps: list[Step]
    preset: str = ""


@dataclass(frozen=True, slots=True)
class Golden:
    """A file and what it holds."""

    name: str
    preset: Preset
    scenario: Scenario


def all_golden() -> list[Golden]:
    """Return every golden file of SCIM clients, by name."""
    found = []
    for file in sorted(FOLDER.glob("*/*.json")):
        if file.parent.name == "suites":  # sequences of public suites, in a form of their own
            continue
        scenario = msgspec.json.decode(file.read_bytes(), type=Scenario)
        preset = cast("Preset", scenario.preset or file.parent.name)
        found.append(Golden(f"{file.parent.name}/{file.name}", preset, scenario))
    return found


def filled(value: Any, known: dict[str, str]) -> Any:  # noqa: ANN401 any JSON
    """Return ``value`` with the names of kept ids, in braces, replaced by the ids."""
    if isinstance(value, str):
        for name, ident in known.items():
            value = value.replace(f"{{{name}}}", ident)
        return value
    if isinstance(value, dict):
        return {key: filled(part, known) for key, part in value.items()}
    return [filled(part, known) for part in value] if isinstance(value, list) else value


def difference(expected: Any, actual: Any, at: str = "") -> str | None:  # noqa: ANN401 any JSON
    """Return where ``actual`` lacks something of ``expected``, or None; objects may have more, lists may not."""
    if expected == ANY:
        return None if actual not in (None, "", [], {}) else f"{at} is empty"
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, part in expected.items():
            if part == ABSENT:
                found = f"{at}.{key} is there" if key in actual else None
            else:
                found = difference(part, actual.get(key), f"{at}.{key}")
            if found:
                return found
        return None
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        parts = zip(expected, actual, strict=True)
        return next((found for n, pair in enumerate(parts) if (found := difference(*pair, f"{at}[{n}]"))), None)
    return None if expected == actual else f"{at} is {actual!r}, not {expected!r}"
