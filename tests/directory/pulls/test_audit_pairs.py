"""Who of a directory is whom here: one to one, and the surest way wins whatever the order."""

from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from directory.model import UserId
from directory.pulls.audit_pairs import Candidate, paired
from directory.pulls.audit_values import WAYS, Pair, There

USERS = [UserId(UUID(int=number)) for number in range(4)]
CANDIDATES = st.lists(
    st.builds(Candidate, st.sampled_from("abcdef"), st.sampled_from(USERS), st.sampled_from(WAYS)), max_size=12
)


def there(ext_id: str, *, absent: str = "") -> There:
    return There(ext_id=ext_id, op="upsert", said={}, state="", absent=absent, stamp=None)


def theres(*ext_ids: str, absent: str = "") -> dict[str, There]:
    return {ext_id: there(ext_id, absent="deleted" if ext_id in absent else "") for ext_id in ext_ids}


def pair(ext_id: str, way: str, *, absent: bool = False) -> Pair:
    known = next(one for one in WAYS if one == way)
    return Pair(ext_id=ext_id, user_id=USERS[0], way=known, state="", version=1, absent=absent)


def test_an_id_is_surer_than_a_name_and_a_name_than_an_attribute() -> None:
    for surer, other in pairwise(WAYS):
        both = [Candidate("a", USERS[0], other), Candidate("b", USERS[0], surer)]

        assert paired(theres("a", "b"), both, []) == ({"b": both[1]}, set())
        assert paired(theres("a", "b"), both[::-1], []) == ({"b": both[1]}, set())


def test_whoever_is_there_wins_over_who_is_gone() -> None:
    gone, new = Candidate("a", USERS[0], "external id"), Candidate("b", USERS[0], "user name")

    assert paired(theres("a", "b", absent="a"), [gone, new], []) == ({"b": new}, set())


def test_of_two_that_are_equally_sure_the_one_that_is_known_stays() -> None:
    new = Candidate("a", USERS[0], "user name")

    assert paired(theres("a"), [new], [pair("z", "user name")]) == ({}, set())
    assert paired(theres("a"), [new], [pair("z", "user name", absent=True)]) == ({"a": new}, {"z"})
    assert paired(theres("a"), [new], [pair("z", "attribute")]) == ({"a": new}, {"z"})


@given(candidates=CANDIDATES, absent=st.sets(st.sampled_from("abcdef")))
def test_nobody_is_two_people_and_the_order_of_candidates_does_not_matter(
    candidates: list[Candidate], absent: set[str]
) -> None:
    known = theres(*"abcdef", absent="".join(absent))

    found, displaced = paired(known, candidates, [])

    assert paired(known, candidates[::-1], [])[0] == found
    assert len({one.user_id for one in found.values()}) == len(found)
    assert displaced == set()
    taken = {one.user_id for one in found.values()}
    assert all(one.ext_id in found or one.user_id in taken for one in candidates)
