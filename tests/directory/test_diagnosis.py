"""What seems wrong, judged by facts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.attribute_guide import Tally, add_users
from directory.client_signs import Sample, client_of
from directory.diagnosis import MISTAKES, Finding, SetupFacts, findings_for
from directory.model import JsonObject, JsonValue
from directory.person import ENTERPRISE
from directory.refusal_kinds import RefusalCause

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
COMPLETE: JsonObject = {
    "userName": "ann@example.org",
    "externalId": "0a21f0f2-3f8a-4c8e-9c55-3b1f1f1f1f1f",
    "displayName": "Ann",
    "emails": [{"type": "work", "value": "ann@example.org"}],
    ENTERPRISE: {"department": "IT", "manager": {"value": "0a21f0f2-0000-4c8e-9c55-3b1f1f1f1f1f"}},
}


def sample(method: str = "POST", path: str = "/scim/v2/Users", status: int = 201, **body: JsonValue) -> Sample:
    return Sample(method=method, path=path, status=status, at=NOW, reference="AAAA-AAAA", body=dict(body))


def facts_of(*documents: JsonObject, requests: tuple[Sample, ...] = (), group_count: int = 0) -> SetupFacts:
    return SetupFacts(
        preset="entra",
        tally=add_users(Tally(), documents),
        requests=requests,
        user_count=len(documents),
        group_count=group_count,
        now=NOW,
    )


def mistakes(facts: SetupFacts) -> list[str]:
    return [finding.mistake for finding in findings_for(facts)]


def test_before_anything_arrives_nothing_is_wrong() -> None:
    assert mistakes(facts_of()) == []


def test_complete_users_are_no_finding() -> None:
    assert mistakes(facts_of(COMPLETE, COMPLETE)) == []


def test_one_person_without_a_department_is_a_fact_of_life() -> None:
    without: JsonObject = {**COMPLETE, ENTERPRISE: {"manager": {"value": "x"}}}
    assert mistakes(facts_of(COMPLETE, COMPLETE, without)) == []
    assert mistakes(facts_of(COMPLETE, without, without)) == ["department missing"]


def test_how_many_of_how_many_is_told() -> None:
    without = {key: value for key, value in COMPLETE.items() if key != ENTERPRISE} | {ENTERPRISE: {"department": "IT"}}
    (found,) = findings_for(facts_of(*[without] * 214))
    assert found == Finding(mistake="manager missing", count=214, total=214)


@pytest.mark.parametrize(
    ("cause", "mistake"),
    [
        ("doubled bearer", "doubled bearer"),
        ("not bearer", "not bearer"),
        ("altered", "altered secret"),
        ("revoked", "expired secret"),
        ("wrong path", "wrong path"),
        ("network", "refused network"),
        ("rate", "slowed down"),
    ],
)
def test_each_cause_of_a_refusal_has_its_finding(cause: RefusalCause, mistake: str) -> None:
    facts = SetupFacts(preset="entra", tally=Tally(), requests=(), refusals={cause: 4}, now=NOW)
    assert [(finding.mistake, finding.count) for finding in findings_for(facts)] == [(mistake, 4)]


def test_the_status_is_missed_only_when_no_request_ever_told_it() -> None:
    silent = tuple(sample(userName=str(number)) for number in range(3))
    assert mistakes(facts_of(COMPLETE, requests=silent)) == ["status never sent"]
    told = sample("PATCH", "/scim/v2/Users/1", 204, Operations=[{"op": "replace", "value": {"Active": False}}])
    assert mistakes(facts_of(COMPLETE, requests=(*silent, told))) == []
    assert mistakes(facts_of(COMPLETE, requests=silent[:2])) == []


def test_silence_after_tests_is_named_after_an_hour() -> None:
    query = sample("GET", "/scim/v2/Users?filter=x", 200)
    early = SetupFacts(preset="okta", tally=Tally(), requests=(query,), now=NOW + timedelta(minutes=30))
    late = SetupFacts(preset="okta", tally=Tally(), requests=(query,), now=NOW + timedelta(minutes=90))
    assert (mistakes(early), mistakes(late)) == ([], ["only tests"])


@pytest.mark.parametrize(
    ("request_", "client"),
    [
        (sample("POST"), None),
        (
            Sample(method="GET", path="/", status=200, at=NOW, reference="", body={}, software="Okta SCIM Client 1.0"),
            "okta",
        ),
        (
            sample("PATCH", "/scim/v2/Users/1", Operations=[{"op": "Replace", "path": "active", "value": "False"}]),
            "entra",
        ),
        (sample(schemas=["urn:ietf:params:scim:schemas:extension:enterprise:2.0User"]), "entra"),
        (sample(schemas=["http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"]), "entra"),
        (sample("GET", "/scim/v2/Users?aadOptscim062020&filter=x"), "entra"),
        (sample(groups=[], password="(dropped)"), "okta"),
        (sample("GET", "/scim/v2/Users?filter=userName eq x&startIndex=1&count=100"), "okta"),
    ],
)
def test_a_client_is_known_by_its_name_or_its_shapes(request_: Sample, client: str | None) -> None:
    assert client_of([request_]) == client


@given(
    st.lists(
        st.builds(
            sample,
            st.sampled_from(["GET", "POST", "PATCH"]),
            st.text(max_size=20),
            st.integers(200, 599),
            Operations=st.none()
            | st.lists(st.none() | st.dictionaries(st.sampled_from(["op", "path"]), st.integers())),
        ),
        max_size=5,
    ),
    st.integers(0, 3),
)
def test_any_facts_are_judged_in_the_order_of_gravity(requests: list[Sample], groups: int) -> None:
    found = mistakes(facts_of(COMPLETE, requests=tuple(requests), group_count=groups))
    assert found == sorted(found, key=[*map(str, MISTAKES)].index)
    assert len(found) == len(set(found))
