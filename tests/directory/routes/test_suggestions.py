"""Rules are suggested that would take those in the queue, by what they share with others."""

from uuid import UUID

from directory.model import GroupId, JsonObject, TenantId
from directory.person import ENTERPRISE
from directory.routes.suggestions import Looked, Suggestion, suggest
from directory.store.routes.rules import Below

BRISTOL = Below(tenant_id=TenantId(UUID(int=1)), slug="bristol", name="Bristol Works")
CARDIFF = Below(tenant_id=TenantId(UUID(int=2)), slug="cardiff", name="Cardiff")
STAFF = GroupId(UUID(int=9))


def somebody(department: str = "", address: str = "", group: str = "") -> Looked:
    document: JsonObject = {"userName": "x"}
    if department:
        document[ENTERPRISE] = {"department": department}
    if address:
        document["emails"] = [{"value": address, "primary": True}]
    return Looked(document, {STAFF: group} if group else {})


def told(found: list[Suggestion]) -> list[tuple[str, str, str | None, int, int]]:
    return [
        (
            one.condition.kind,
            one.text,
            None if one.tenant is None else one.tenant.slug,
            one.taken_count,
            one.alike_count,
        )
        for one in found
    ]


def test_where_others_alike_are_is_suggested() -> None:
    there = [(somebody("Sales"), CARDIFF.tenant_id)] * 3
    found = suggest([somebody("Sales"), somebody("Sales")], there, [BRISTOL, CARDIFF])
    assert told(found) == [("attribute", "Sales", "cardiff", 2, 3)]


def test_where_others_alike_are_here_and_there_nobody_can_tell() -> None:
    there = [(somebody("Sales"), CARDIFF.tenant_id), (somebody("Sales"), BRISTOL.tenant_id)] * 3
    assert told(suggest([somebody("Sales")] * 2, there, [BRISTOL, CARDIFF])) == [("attribute", "Sales", None, 2, 0)]


def test_a_tenant_that_is_called_like_what_they_share_is_suggested() -> None:
    found = suggest([somebody(address="ann@bristol.example")], [], [BRISTOL, CARDIFF])
    assert told(found) == [("domain", "bristol.example", "bristol", 1, 0)]
    found = suggest([somebody(group="Cardiff Staff")], [], [BRISTOL, CARDIFF])
    assert told(found) == [("group", "Cardiff Staff", "cardiff", 1, 0)]


def test_a_tenant_is_called_like_a_domain_or_department_whatever_stands_between_its_words() -> None:
    branches = [Below(tenant_id=TenantId(UUID(int=n)), slug=f"branch-{n}", name=f"Branch {n}") for n in (1, 2, 12)]
    found = suggest([somebody(address="ann@branch-2.example")], [], branches)
    assert told(found) == [("domain", "branch-2.example", "branch-2", 1, 0)]
    found = suggest([somebody("Branch-1")], [], branches)
    assert told(found) == [("attribute", "Branch-1", "branch-1", 1, 0)]
    found = suggest([somebody(group="All of Branch 12")], [], branches)
    assert told(found) == [("group", "All of Branch 12", "branch-12", 1, 0)]
    assert suggest([somebody(address="ann@branch.example")], [], branches) == []


def test_a_tenant_of_exactly_that_name_comes_before_one_whose_name_is_in_it_too() -> None:
    works = Below(tenant_id=TenantId(UUID(int=3)), slug="works", name="Works")
    assert told(suggest([somebody("Bristol Works")], [], [BRISTOL, works])) == [
        ("attribute", "Bristol Works", "bristol", 1, 0)
    ]


def test_a_department_called_as_a_tenant_says_more_than_a_domain_that_others_share() -> None:
    there = [(somebody("Sales", "x@group.example"), BRISTOL.tenant_id)] * 20
    found = suggest([somebody("Cardiff", "a@group.example")] * 2, there, [BRISTOL, CARDIFF])
    assert [(one.text, one.tenant and one.tenant.slug) for one in found] == [
        ("Cardiff", "cardiff"),
        ("group.example", "bristol"),
    ]


def test_what_one_alone_has_and_no_tenant_is_called_like_is_no_rule() -> None:
    assert suggest([somebody("Falconry")], [], [BRISTOL, CARDIFF]) == []


def test_the_surest_that_takes_most_comes_first() -> None:
    queued = [somebody("Sales", "a@cardiff.example"), somebody("Sales"), somebody("Sales", "b@cardiff.example")]
    assert [(one.text, one.taken_count) for one in suggest(queued, [], [BRISTOL, CARDIFF])] == [
        ("cardiff.example", 2),
        ("Sales", 3),
    ]


def test_there_are_never_many() -> None:
    queued = [somebody(f"Bristol {number}") for number in range(50)]
    assert len(suggest(queued, [], [BRISTOL])) == 10
