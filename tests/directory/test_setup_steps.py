"""Which request shows which step of a set-up."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.setup_steps import STEPS, Seen, steps_for, steps_in

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def seen(method: str, path: str, *deeds: str, status: int = 200, reference: str = "AAAA-AAAA") -> Seen:
    return Seen(method=method, path=path, status=status, at=NOW, reference=reference, deeds=frozenset(deeds))


@pytest.mark.parametrize(
    ("request_", "steps"),
    [
        (seen("GET", "/scim/v2/Users", status=401), set()),
        (seen("GET", "/scim/v2/Users"), {"authenticated"}),
        (seen("GET", "/scim/v2/Schemas"), {"authenticated", "discovery"}),
        (seen("GET", "/scim/ServiceProviderConfig?x=1"), {"authenticated", "discovery"}),
        (seen("GET", "/scim/v2/Schemas", status=500), {"authenticated"}),
        (seen("GET", '/scim/v2/Users?filter=userName eq "x"'), {"authenticated", "test query"}),
        (seen("GET", '/scim/v2/Users/?filter=userName eq "x"'), {"authenticated", "test query"}),
        (seen("GET", '/scim/v2/Groups?filter=displayName eq "x"'), {"authenticated"}),
        (seen("POST", "/scim/v2/Users", "user:created", status=201), {"authenticated", "first user"}),
        (
            seen("POST", "/scim/v2/Groups", "group:created", "joined"),
            {"authenticated", "first group", "first membership"},
        ),
        (seen("PATCH", "/scim/v2/Users/1", "user:disabled"), {"authenticated", "disable"}),
        (seen("PATCH", "/scim/v2/Users/1", "user:changed"), {"authenticated"}),
    ],
)
def test_a_request_shows_what_it_did(request_: Seen, steps: set[str]) -> None:
    assert set(steps_in([request_])) == steps


def test_the_first_request_that_shows_a_step_is_its_evidence() -> None:
    first, second = seen("GET", "/scim/v2/Users", reference="first"), seen("GET", "/scim/v2/Users", reference="second")
    assert steps_in([first, second])["authenticated"].reference == "first"


def test_okta_is_not_asked_to_read_what_it_never_reads() -> None:
    assert set(STEPS) - set(steps_for("okta")) == {"discovery"}
    assert steps_for("entra") == STEPS


@given(st.lists(st.tuples(st.sampled_from(["GET", "POST"]), st.text(max_size=40), st.integers(100, 599))))
def test_whatever_arrives_is_judged(requests: list[tuple[str, str, int]]) -> None:
    found = steps_in([seen(method, path, status=status) for method, path, status in requests])
    assert ("authenticated" in found) == any(status != 401 for _, _, status in requests)
