"""Who of a directory is whom here, one to one: the surer way wins, and whoever is there wins over who is gone; pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from directory.model import UserId
from directory.pulls.audit_values import WAYS, Pair, There, Way


class Candidate(NamedTuple):
    """Somebody there who could be a user here."""

    ext_id: str
    user_id: UserId
    way: Way


def paired(
    theres: Mapping[str, There], candidates: Iterable[Candidate], known: Iterable[Pair]
) -> tuple[dict[str, Candidate], set[str]]:
    """Return who is whom by the ids there, and the ids of others who lose their user by it and are to be looked at.

    ``known`` are the pairs there are of these users; of two that are equally sure the one that is there stays.
    """
    holders = {pair.user_id: pair for pair in known if pair.ext_id not in theres}
    found: dict[str, Candidate] = {}
    taken: set[UserId] = set()
    displaced: set[str] = set()
    for one in sorted(
        candidates, key=lambda one: (*_rank(theres[one.ext_id].absent, one.way), one.ext_id, one.user_id)
    ):
        if one.ext_id in found or one.user_id in taken:
            continue
        holder = holders.get(one.user_id)
        if holder is not None:
            if _rank(holder.absent, holder.way) <= _rank(theres[one.ext_id].absent, one.way):
                continue
            displaced.add(holder.ext_id)
        found[one.ext_id] = one
        taken.add(one.user_id)
    return found, displaced


def _rank(absent: object, way: Way) -> tuple[bool, int]:
    return bool(absent), WAYS.index(way)
