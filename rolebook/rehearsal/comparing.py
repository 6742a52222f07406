"""Where a resource is not what it should be: pure, value against value."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from rolebook.rehearsal.exchange import Json, shown


class Wrong(NamedTuple):
    """What should have come, and what came."""

    expected: str
    got: str


class Absent:
    """Stands for an attribute that must have no value."""

    def __repr__(self) -> str:
        return "no value"


ABSENT: Final = Absent()

_NO_VALUE: Final[tuple[object, ...]] = (None, "", [], {})


def differences(expected: object, actual: Json, at: str = "") -> Iterator[Wrong]:
    """Yield where ``actual`` lacks what is expected.

    Objects may have more than that. Each element that is expected in a list must be like one of the list's; how many
    others there are is not looked at. ABSENT is satisfied by a missing key, null and anything empty.
    """
    if isinstance(expected, Absent):
        if actual not in _NO_VALUE:
            yield Wrong(f"{at} without a value", shown(actual))
    elif isinstance(expected, dict) and isinstance(actual, dict | None):
        for name, part in expected.items():
            yield from differences(part, (actual or {}).get(name), f"{at}.{name}" if at else name)
    elif isinstance(expected, list) and isinstance(actual, list | None):
        lacking = [one for one in expected if not any(_is_like(one, other) for other in actual or [])]
        yield from (Wrong(f"{at} with {shown(one)}", _got(actual)) for one in lacking)
    elif actual != expected or isinstance(actual, bool) != isinstance(expected, bool):
        yield Wrong(f"{at} {shown(expected)}", _got(actual))


def _is_like(expected: object, actual: Json) -> bool:
    return not any(differences(expected, actual))


def _got(actual: Json) -> str:
    return "no value" if actual is None else shown(actual)


def member_differences(expected: frozenset[str], actual: Json, *, exactly: bool = True) -> Iterator[Wrong]:
    """Yield what is wrong with a group's members: missing ones, ones too many, and ones that are there twice."""
    if not isinstance(actual, list | None):
        yield Wrong("members as a list", shown(actual))
        return
    values = [one.get("value") if isinstance(one, dict) else one for one in actual or []]
    found = {value for value in values if isinstance(value, str)}
    if len(found) != len(values):
        yield Wrong("each member once, with a value", f"{len(values)} members, {len(found)} different ones")
    if missing := expected - found:
        yield Wrong(f"{len(expected)} members", f"{len(found)}; {len(missing)} missing, such as {min(missing)}")
    if exactly and (surplus := found - expected):
        yield Wrong(f"{len(expected)} members", f"{len(found)}; {len(surplus)} too many, such as {min(surplus)}")
