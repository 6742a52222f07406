from hypothesis import given
from hypothesis import strategies as st

from directory.model import JsonObject, JsonValue
from directory.pulls.merging import EXT_ID_MAX, GIVEN_MAX, Known, Word, hash_for, is_storable, merged
from directory.pulls.model import Seen

NO_SAMPLES = 0


def known(said: str = "{}", *, op: str = "upsert", pending: bool = False, gone: bool = False) -> Known:
    """Return an object as it is stored and applied."""
    digest = hash_for(op, said)
    return Known(
        op=op, reason="", said=said, hash=digest, applied_hash=digest, pending=pending, gone=gone, sampled=False
    )


def said_of(seen: Seen, before: Known | None = None, targets: frozenset[str] | None = None) -> Word | None:
    """Return what is to be stored of one object; None: it was seen as it was."""
    known_before = {} if before is None else {seen.ext_id: before}
    return merged([seen], known_before, targets=targets, samples=NO_SAMPLES).words.get(seen.ext_id)


def user(ext_id: str = "u", **values: JsonValue) -> Seen:
    return Seen(kind="user", ext_id=ext_id, values=values)


def test_a_target_that_is_not_spoken_of_stays() -> None:
    word = said_of(user(title="Editor"), known('{"manager":"m","title":"Writer"}'))

    assert word is not None
    assert word.said == '{"manager":"m","title":"Editor"}'
    assert word.pending


def test_a_target_of_former_rules_is_forgotten() -> None:
    word = said_of(user(title="Editor"), known('{"nickName":"x","title":"Editor"}'), frozenset({"title"}))

    assert word is not None
    assert word.said == '{"title":"Editor"}'


def test_what_was_said_before_is_only_seen_again() -> None:
    made = merged([user(title="A")], {"u": known('{"title":"A"}')}, targets=None, samples=NO_SAMPLES)

    assert (made.same, made.words) == (["u"], {})


def test_who_was_gone_and_is_seen_again_waits_to_be_applied() -> None:
    word = said_of(user(title="A"), known('{"title":"A"}', gone=True))

    assert word is not None
    assert word.pending


def test_what_waits_already_goes_on_waiting_whatever_is_said() -> None:
    before = known('{"title":"B"}', pending=True)

    word = said_of(user(title="A"), before)

    assert word is not None
    assert word.pending


def test_another_operation_is_something_new_though_the_values_are_the_same() -> None:
    word = said_of(Seen(kind="user", ext_id="u", op="purged"), known('{"title":"A"}'))

    assert word is not None
    assert (word.op, word.said, word.pending) == ("purged", '{"title":"A"}', True)


def test_who_was_never_here_and_is_deleted_there_is_left_out() -> None:
    assert said_of(Seen(kind="user", ext_id="u", op="purged")) is None


def test_the_last_word_on_a_page_holds_on_top_of_those_before() -> None:
    made = merged([user(title="A", active=True), user(title="B")], {}, targets=None, samples=NO_SAMPLES)

    assert made.words["u"].said == '{"active":true,"title":"B"}'


def test_a_few_samples_are_kept_of_what_rules_were_given_and_none_that_is_huge() -> None:
    huge: JsonObject = {"photo": "x" * GIVEN_MAX}
    people = [Seen(kind="user", ext_id=f"u{at}", given={"a": at} if at else huge) for at in range(4)]

    made = merged(people, {}, targets=None, samples=2)

    assert [word.given for word in made.words.values()] == [None, '{"a":1}', '{"a":2}', None]


def test_ids_that_cannot_be_stored_are_told_apart() -> None:
    assert is_storable("x" * EXT_ID_MAX)
    assert [is_storable(ext_id) for ext_id in ("", "x" * (EXT_ID_MAX + 1), "a\0b")] == [False, False, False]


VALUES = st.dictionaries(st.sampled_from("abcd"), st.none() | st.booleans() | st.text(max_size=3), max_size=4)


@given(st.lists(VALUES, min_size=1, max_size=6), st.data())
def test_pages_come_to_the_same_however_they_are_cut(said: list[dict[str, JsonValue]], data: st.DataObject) -> None:
    seen = [Seen(kind="user", ext_id="u", values=values) for values in said]
    at_once = merged(seen, {}, targets=None, samples=NO_SAMPLES).words["u"]
    cut = data.draw(st.integers(1, len(seen)))
    first = merged(seen[:cut], {}, targets=None, samples=NO_SAMPLES).words["u"]
    stored = Known(
        op=first.op,
        reason="",
        said=first.said,
        hash=first.hash,
        applied_hash="",
        pending=first.pending,
        gone=False,
        sampled=False,
    )

    second = merged(seen[cut:], {"u": stored}, targets=None, samples=NO_SAMPLES).words.get("u")

    assert at_once.said == (second or first).said
    assert at_once.hash == (second or first).hash
