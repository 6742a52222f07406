"""What became of a request, step by step, and what to do about it."""

from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.events import EventView
from directory.model import EventId, Preset, RequestId, SourceId
from directory.plan import AttributeChange
from directory.traffic import RequestView
from portal.event_words import derivation_words
from portal.guides import GUIDES
from portal.request_advice import PLACES, advice_for, replay_segments
from portal.request_steps import TITLES, Story, failed_step, steps_for
from scim import errors as scim_errors

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SOURCE = SourceId(UUID(int=3))
ERRORS = [
    kind
    for kind in vars(scim_errors).values()
    if isinstance(kind, type) and issubclass(kind, scim_errors.ScimError) and kind is not scim_errors.ScimError
]


def record(status: int = 200, **given: object) -> RequestView:
    fields: dict[str, object] = {
        "request_id": RequestId(UUID(int=1)), "reference": "7K3D-Q0ZB", "source_id": SOURCE, "secret_id": None,
        "method": "PATCH", "path": "/scim/v2/Users/u1", "status": status, "scim_type": None, "detail": None,
        "request_body": "{}", "software": "Azure", "network": "203.0.113.0/24", "leniencies": (), "started_at": NOW,
        "duration_us": 3400,
    }  # fmt: skip
    return RequestView(**{**fields, **given})  # type: ignore[arg-type]  # fields by name


def event(action: str, *changes: AttributeChange) -> EventView:
    return EventView(
        event_id=EventId(UUID(int=5)),
        at=NOW,
        action=action,
        actor_label="Entra",
        actor_kind="source",
        subject_kind="user",
        subject_id=UUID(int=6),
        subject_label="Ann",
        changes=changes,
        request_id=None,
        reference=None,
        seq=None,
    )


def story(given_record: RequestView, *events: EventView) -> Story:
    return Story(
        record=given_record,
        source_label="Entra",
        secret_label="main",
        events=events,
        names={"r1": "Loanee", "r2": "Editor"},
    )


def sentences(told: Story) -> str:
    return " ".join(sentence for step in steps_for(told) for sentence in step.sentences)


@pytest.mark.parametrize(
    ("status", "scim_type", "title"),
    [(401, None, "Authenticate"), (429, None, "Authenticate"), (400, "invalidValue", "Parse"), (413, None, "Parse"),
     (400, "noTarget", "Match"), (404, None, "Match"), (409, "uniqueness", "Match"), (412, None, "Match"),
     (403, None, "Decide"), (500, None, "Effect"), (503, None, "Effect")],
)  # fmt: skip
def test_the_step_that_failed_is_the_one_that_the_answer_is_about(status: int, scim_type: str, title: str) -> None:
    steps = steps_for(story(record(status, scim_type=scim_type, detail="Why.")))

    assert [step.title for step in steps if step.state == "wrong"] == [title]
    assert next(step for step in steps if step.state == "wrong").sentences[-1] == "Why."


@given(st.integers(200, 599), st.sampled_from([None, "invalidPath", "noTarget", "uniqueness"]))
def test_what_comes_after_the_failed_step_was_not_reached(status: int, scim_type: str | None) -> None:
    states = [step.state for step in steps_for(story(record(status, scim_type=scim_type)))]
    failed = failed_step(status, scim_type)

    assert len(states) == len(TITLES)
    if failed is None:
        assert states == ["done"] * 5
    else:
        assert states == ["done"] * failed + ["wrong"] + ["skipped"] * (4 - failed)


def test_a_role_that_changed_is_told_with_the_mapping_that_decided() -> None:
    granted = event(
        "user:role:granted",
        AttributeChange(name="role", old="r1", new="r2"),
        AttributeChange(name="group", old=None, new="Staff"),
    )

    assert "Ann: Loanee → Editor, by the mapping of Staff." in sentences(story(record(), granted))


def test_a_read_decides_and_changes_nothing() -> None:
    words = sentences(story(record(method="GET", path='/scim/v2/Users?filter=userName eq "a"', request_body=None)))

    assert "A read: nothing to decide." in words
    assert 'Searches users: filter=userName eq "a".' in words
    assert "Nothing was changed." in words


def test_a_write_that_changed_nothing_says_so() -> None:
    assert "What was sent is what is stored" in sentences(story(record(204)))


def test_leniencies_are_told_where_the_request_was_read() -> None:
    words = sentences(story(record(leniencies=("active arrived as text",))))

    assert "1 leniency applied: active arrived as text" in words


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("preset", [None, *get_args(Preset)])
def test_every_answer_of_the_door_has_advice_with_a_next_step(
    kind: type[scim_errors.ScimError], preset: Preset | None
) -> None:
    (advice, *_) = advice_for(record(kind.status, scim_type=kind.scim_type), preset)

    assert advice.title
    assert advice.text.endswith(".")
    assert bool(advice.segments) == bool(advice.label) or advice.label


def test_advice_speaks_the_words_of_the_provider() -> None:
    (entra, *_) = advice_for(record(401), "entra")
    (okta, *_) = advice_for(record(401), "okta")

    assert "Secret Token" in entra.text
    assert "API Token" in okta.text
    assert set(PLACES) <= {guide.name for guide in GUIDES.values()}


def test_a_good_answer_needs_nothing_and_leniencies_are_named() -> None:
    titles = [one.title for one in advice_for(record(leniencies=("a", "b")), "entra")]

    assert titles == ["Nothing to do", "2 things in it deviated from the standard"]


def test_a_request_without_a_connection_cannot_be_replayed() -> None:
    assert replay_segments(record(source_id=None)) == ()
    assert replay_segments(record()) == ("configure-scim", SOURCE, "simulate")


def test_a_granted_role_says_why() -> None:
    def why(*changes: tuple[str, str | None, str | None]) -> str | None:
        told = [AttributeChange(name=name, old=old, new=new) for name, old, new in changes]
        return derivation_words("user:role:granted", told, {"g1": "Staff"})

    assert why(("role", "r1", "r2"), ("group", None, "g1")) == (
        "The mapping of Staff decides: the highest in the list that fits."
    )
    assert why(("origin", "mapping", "default"), ("group", "g1", None)) == (
        "No mapped group has this person, so the Default Access Role applies."
    )
    assert why(("origin", "default", "lock")) == "The role lock decides, whatever groups and mappings say."
    assert why(("role", "r1", "r2")) == "The same rule decides as before; it gives another role now."
    assert derivation_words("user:created", [], {}) is None
