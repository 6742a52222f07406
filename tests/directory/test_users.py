"""Users: arriving, changing, leaving, coming back."""

import pytest

from directory import groups, users
from directory.edits import UserEdit
from directory.errors import AlreadyExistsError, InvalidError, NotFoundError, StaleError
from directory.events import list_events
from directory.model import JsonValue, SourceId, UserAttributes
from directory.query import And, Element, Not, Or, Query, Term, Window
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio


def with_values(**values: JsonValue) -> UserEdit:
    return lambda attributes: UserAttributes({**attributes.document, **values})


async def test_a_user_without_groups_gets_the_default_role_and_the_reason(world: World) -> None:
    ann = await world.push_user("ann")
    assert await world.role_of(ann) == "loanee"
    assert ann.decision.origin == "default"


async def test_the_complete_document_comes_back_unchanged(world: World) -> None:
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    extra: dict[str, JsonValue] = {
        "name": {"familyName": "山田", "givenName": "Zoë"},
        "emails": [{"type": "work", "value": "Ann@Example.org", "primary": True}],
        enterprise: {"department": "IT", "manager": {"value": "m-1"}},
    }
    ann = await world.push_user("ann", **extra)
    found = await users.get_user(world.tenant.tenant_id, ann.user_id)
    assert found == ann
    assert found.attributes.document == {
        "userName": "ann@example.org",
        "externalId": "ext-ann",
        "active": True,
        **extra,
    }
    assert (found.promoted.department, found.promoted.manager_ref) == ("IT", "m-1")
    assert found.promoted.display_name == "Zoë 山田"


async def test_user_names_are_unique_whatever_their_case_or_composition(world: World) -> None:
    await world.push_user("José")
    with pytest.raises(AlreadyExistsError) as caught:
        await world.push_user("JOSÉ", externalId="another")
    assert caught.value.attribute == "userName"


async def test_an_edit_that_changes_nothing_keeps_the_version_and_makes_no_event(world: World) -> None:
    ann = await world.push_user("ann")
    before = await list_events(world.tenant.tenant_id, limit=50)
    after = await users.edit_user(ann.user_id, with_values(active=True), by=world.client, now=world.tick())
    assert after == ann
    assert await list_events(world.tenant.tenant_id, limit=50) == before


async def test_disabling_ends_access_but_keeps_groups_and_role(world: World) -> None:
    ann = await world.push_user("ann")
    staff = await world.push_group("staff", ["ext-ann"])
    await world.map_group(staff, "editor")
    await users.edit_user(ann.user_id, with_values(active=False), by=world.client, now=world.tick())
    found = await users.get_user(world.tenant.tenant_id, ann.user_id)
    assert not found.active
    assert await world.role_of(ann) == "editor"
    assert await world.members_of(staff) == {"ann"}
    back = await users.edit_user(ann.user_id, with_values(active=True), by=world.client, now=world.tick())
    assert back.active
    await world.assert_consistent()


async def test_an_edit_can_expect_a_version(world: World) -> None:
    ann = await world.push_user("ann")
    with pytest.raises(StaleError):
        await users.edit_user(
            ann.user_id,
            with_values(title="x"),
            by=world.client,
            now=world.tick(),
            expect=lambda version: version == ann.version + 1,
        )
    assert (await users.get_user(world.tenant.tenant_id, ann.user_id)).version == ann.version


async def test_a_bad_edit_changes_nothing(world: World) -> None:
    ann = await world.push_user("ann")
    with pytest.raises(InvalidError):
        await users.edit_user(ann.user_id, with_values(userName=" "), by=world.client, now=world.tick())
    assert await users.get_user(world.tenant.tenant_id, ann.user_id) == ann


async def test_renaming_to_a_taken_name_is_refused(world: World) -> None:
    await world.push_user("ann")
    bob = await world.push_user("bob")
    with pytest.raises(AlreadyExistsError):
        await users.edit_user(bob.user_id, with_values(userName="ANN@example.org"), by=world.client, now=world.tick())
    assert await users.get_user(world.tenant.tenant_id, bob.user_id) == bob


async def test_a_deleted_user_is_gone_from_groups_and_its_name_is_free(world: World) -> None:
    ann = await world.push_user("ann")
    staff = await world.push_group("staff", ["ext-ann"])
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    with pytest.raises(NotFoundError):
        await users.get_user(world.tenant.tenant_id, ann.user_id)
    with pytest.raises(NotFoundError):
        await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    assert await world.members_of(staff) == set()
    other = await world.push_user("ann", externalId=None)
    assert other.user_id != ann.user_id
    await world.assert_consistent()


async def test_the_same_external_id_from_the_same_source_revives_the_user(world: World) -> None:
    ann = await world.push_user("ann")
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    back = await world.push_user("ann", displayName="Ann again")
    assert (back.user_id, back.created_at) == (ann.user_id, ann.created_at)
    assert back.version > ann.version
    assert back.promoted.display_name == "Ann again"
    await world.assert_consistent()


async def test_an_inactive_user_posted_again_keeps_its_id_and_groups(world: World) -> None:
    ann = await world.push_user("ann")
    staff = await world.push_group("staff", ["ext-ann"])
    await users.edit_user(ann.user_id, with_values(active=False), by=world.client, now=world.tick())
    back = await world.push_user("ann", title="back")
    assert (back.user_id, back.active) == (ann.user_id, True)
    assert await world.members_of(staff) == {"ann"}


async def test_an_active_user_posted_again_is_a_conflict(world: World) -> None:
    await world.push_user("ann")
    with pytest.raises(AlreadyExistsError):
        await world.push_user("ann", externalId="other")


async def test_an_external_id_moves_from_a_deleted_user_to_another(world: World) -> None:
    ann = await world.push_user("ann")
    bob = await world.push_user("bob")
    with pytest.raises(AlreadyExistsError):
        await users.edit_user(bob.user_id, with_values(externalId="ext-ann"), by=world.client, now=world.tick())
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    taken = await users.edit_user(bob.user_id, with_values(externalId="ext-ann"), by=world.client, now=world.tick())
    assert taken.attributes.external_id == "ext-ann"


async def test_a_new_external_id_joins_the_groups_that_wait_for_it(world: World) -> None:
    staff = await world.push_group("staff", ["ext-late"])
    await world.map_group(staff, "editor")
    ann = await world.push_user("ann")
    assert await world.role_of(ann) == "loanee"
    await users.edit_user(ann.user_id, with_values(externalId="ext-late"), by=world.client, now=world.tick())
    assert await world.members_of(staff) == {"ann"}
    assert await world.role_of(ann) == "editor"
    assert (await groups.get_group(world.tenant.tenant_id, staff.group_id)).waiting_count == 0
    await world.assert_consistent()


async def test_other_sources_and_tenants_find_nobody(world: World) -> None:
    ann = await world.push_user("ann")
    other = await create_world("other")
    with pytest.raises(NotFoundError):
        await users.get_user(other.tenant.tenant_id, ann.user_id)
    with pytest.raises(NotFoundError):
        await users.edit_user(ann.user_id, with_values(title="x"), by=other.client, now=other.tick())
    with pytest.raises(NotFoundError):
        await users.delete_user(ann.user_id, by=other.client, now=other.tick())
    with pytest.raises(NotFoundError):
        await users.get_user(world.tenant.tenant_id, ann.user_id, source_id=SourceId(other.source.source_id))


ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SEARCHES: list[tuple[Query, set[str]]] = [
    (Term("userName", None, "eq", "ANN@EXAMPLE.ORG"), {"ann"}),
    (Term("userName", None, "ne", "ann@example.org"), {"bob", "carl"}),
    (Term("userName", None, "sw", "b"), {"bob"}),
    (Term("userName", None, "co", "%"), set()),
    (Term("userName", None, "ew", "EXAMPLE.org"), {"ann", "bob", "carl"}),
    (Term("externalId", None, "eq", "ext-bob"), {"bob"}),
    (Term("externalId", None, "eq", "EXT-BOB"), set()),
    (Term("displayName", None, "eq", "the boss"), {"carl"}),
    (Term("active", None, "eq", operand=False), {"bob"}),
    (Term("emails", "value", "eq", "a@work.example"), {"ann"}),
    (
        Element("emails", And((Term("type", None, "eq", "home"), Term("value", None, "eq", "a@work.example")))),
        set(),
    ),
    (
        Element("emails", And((Term("type", None, "eq", "work"), Term("value", None, "co", "WORK")))),
        {"ann"},
    ),
    (Term("manager", "value", "eq", "m-1"), {"carl"}),
    (Not(Term("manager", "value", "eq", "m-1")), {"ann", "bob"}),
    (Or((Term("userName", None, "sw", "a"), Term("userName", None, "sw", "c"))), {"ann", "carl"}),
    (Term("id", None, "eq", "not an id"), set()),
    (Term("emails", None, "pr"), {"ann"}),
    (Term("name", "familyName", "eq", "ÉCLAIR"), {"bob"}),
    (Term("name", "familyName", "pr"), {"bob", "carl"}),
    (Term("name", "familyName", "lt", "zz"), {"carl"}),
    (Term("profileUrl", None, "eq", "http://X/bob", exact=True), {"bob"}),
    (Term("profileUrl", None, "eq", "http://x/BOB", exact=True), set()),
    (Term(f"{ENTERPRISE}:department", None, "sw", "boa"), {"carl"}),
    (Term("phoneNumbers", "value", "eq", "+49 1", multi=True), {"bob"}),
    (Term("phoneNumbers", "type", "ne", "work", multi=True), {"ann", "carl"}),
    (Element("phoneNumbers", And((Term("type", None, "eq", "WORK"), Term("value", None, "co", "9 1")))), {"bob"}),
    (Element("phoneNumbers", And((Term("type", None, "eq", "home"), Term("value", None, "co", "9 1")))), set()),
    (Element("emails", And((Term("type", None, "eq", "work"), Term("primary", None, "eq", operand=True)))), {"ann"}),
    (Element("emails", And((Term("type", None, "eq", "home"), Term("primary", None, "eq", operand=True)))), set()),
]


@pytest.mark.parametrize(
    ("query", "expected"), SEARCHES, ids=lambda value: ",".join(sorted(value)) if isinstance(value, set) else str(value)
)
async def test_searches_find_exactly(world: World, query: Query, expected: set[str]) -> None:
    emails: list[JsonValue] = [
        {"type": "work", "value": "a@work.example", "primary": True},
        {"type": "home", "value": "a@home.example"},
    ]
    enterprise: dict[str, JsonValue] = {"manager": {"value": "m-1"}, "department": "Board"}
    phones: list[JsonValue] = [{"type": "work", "value": "+49 1"}, {"type": "home", "value": "+49 2"}]
    await world.push_user("ann", emails=emails)
    await world.push_user(
        "bob", active=False, name={"familyName": "éclair"}, profileUrl="http://X/bob", phoneNumbers=phones
    )
    await world.push_user("carl", displayName="The Boss", name={"familyName": "Zed"}, **{ENTERPRISE: enterprise})
    answer = await users.list_users(world.tenant.tenant_id, world.source.source_id, query, Window(offset=0, limit=10))
    page, total = answer.things, answer.total
    assert {user.attributes.user_name.partition("@")[0] for user in page} == expected
    assert total == len(expected)


@pytest.mark.parametrize("attribute", ["meta", "schemas", "groups", "password", "x' OR 1=1 --", 'a"]'])
async def test_what_cannot_be_searched_by_is_refused(world: World, attribute: str) -> None:
    await world.push_user("ann")
    with pytest.raises(InvalidError):
        await users.list_users(
            world.tenant.tenant_id,
            world.source.source_id,
            Term(attribute, "display", "eq", "44"),
            Window(limit=10),
        )


async def test_pages_are_disjoint_and_count_everybody(world: World) -> None:
    pushed = [(await world.push_user(f"user{n:02}")).user_id for n in range(11)]
    seen = []
    for offset in (0, 5, 10):
        answer = await users.list_users(
            world.tenant.tenant_id, world.source.source_id, None, Window(offset=offset, limit=5)
        )
        page, total = answer.things, answer.total
        assert total == 11
        seen += [user.user_id for user in page]
    assert seen == pushed
    answer = await users.list_users(world.tenant.tenant_id, world.source.source_id, None, Window(offset=50, limit=5))
    beyond, total = answer.things, answer.total
    assert (beyond, total) == ([], 11)
