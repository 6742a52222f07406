"""In which order people get their user names, so that whoever leaves one goes before whoever takes it."""

from collections.abc import Mapping, Sequence


def order_by_names(waits_for: Mapping[str, str], everybody: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return the order in which people may be renamed one by one, and the circles of those who can only go together.

    ``waits_for`` says whose present name each of them is to have, by ids, where that one is to leave it. Nobody waits
    for two; several may wait for one. Those behind a circle come after it.
    """
    order: list[str] = []
    circles: list[list[str]] = []
    settled: set[str] = set()
    for start in everybody:
        path: list[str] = []
        at: dict[str, int] = {}
        one: str | None = start
        while one is not None and one not in settled and one not in at:
            at[one] = len(path)
            path.append(one)
            one = waits_for.get(one)
        if one is not None and one in at:
            circles.append(path[at[one] :])
            settled.update(circles[-1])
        rest = [each for each in reversed(path) if each not in settled]
        order += rest
        settled.update(rest)
    return order, circles
