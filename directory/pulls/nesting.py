"""Groups in groups, expanded: no provider gives changes of transitive members."""

from collections.abc import Iterable, Iterator, Mapping


def effective_members(
    group: str, members: Mapping[str, Iterable[str]], nested: Mapping[str, Iterable[str]]
) -> set[str]:
    """Return the users of a group and of all groups inside it; circles are walked once."""
    found: set[str] = set()
    for inner in groups_within(group, nested):
        found.update(members.get(inner, ()))
    return found


def groups_within(group: str, nested: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Yield a group and all groups inside it, each once."""
    seen = {group}
    waiting = [group]
    while waiting:
        current = waiting.pop()
        yield current
        new = [inner for inner in nested.get(current, ()) if inner not in seen]
        seen.update(new)
        waiting += new
