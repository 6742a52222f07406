"""An attribute mapping on trial: who stays the same, who changes, and of whom nothing can be made."""

from directory.model import JsonValue
from directory.pulls.kinds import Trial
from directory.pulls.trying import SHOWN_MAX, tried_from


def made(name: str, **values: JsonValue) -> Trial:
    return Trial(values={"userName": name, **values})


def test_people_are_sorted_into_same_changed_and_rejected() -> None:
    before = [made("ann", title="A"), made("ben", title="B"), made("cyd")]
    after = [made("ann", title="A"), made("ben", title="C"), Trial(values={}, problem="too long")]

    tried = tried_from(before, after)

    assert (tried.tried_count, tried.same_count, tried.changed_count, tried.rejected_count) == (3, 1, 1, 1)
    assert [(one.label, one.problem, one.changes) for one in tried.shown] == [
        ("cyd", "too long", ()),
        ("ben", "", (("title", "B", "C"),)),
    ]


def test_nothing_and_an_empty_text_are_the_same_but_yes_and_one_are_not() -> None:
    before = [made("ann", title=None, active=True), made("ben", active=True)]
    after = [made("ann", title="", active=True), made("ben", active=1)]

    tried = tried_from(before, after)

    assert tried.same_count == 1
    assert [one.label for one in tried.shown] == ["ben"]


def test_a_rule_that_is_gone_shows_what_it_gave() -> None:
    (one,) = tried_from([made("ann", nickName="An")], [made("ann")]).shown

    assert one.changes == (("nickName", "An", None),)


def test_of_many_the_first_are_shown_and_all_are_counted() -> None:
    before = [made(str(number), title="A") for number in range(SHOWN_MAX + 5)]
    after = [made(str(number), title="B") for number in range(SHOWN_MAX + 5)]

    tried = tried_from(before, after)

    assert (tried.changed_count, len(tried.shown)) == (SHOWN_MAX + 5, SHOWN_MAX)
