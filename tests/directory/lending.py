"""A tenant with laptops, for tests of equipment."""

from directory import equipment, loans, return_tasks
from directory.edits import UserEdit
from directory.equipment_model import Details, Item, Loan, Money, Terms
from directory.model import Actor, User, UserAttributes
from directory.plan_equipment import HandIn
from directory.users import delete_user, edit_user
from tests.directory.world import World


async def make_item(world: World, tag: str, name: str = "Laptop", **details: str) -> Item:
    """Write an item worth 1,299.00 EUR down."""
    value = Money(minor=129_900, currency="EUR")
    return await equipment.create_item(
        Details(tag=tag, name=name, value=value, **details), by=world.system, now=world.tick()
    )


async def lend(world: World, item: Item, user: User, terms: Terms | None = None) -> Loan:
    """Give an item to a user."""
    return await loans.check_out(item.item_id, user.user_id, terms or Terms(), by=world.system, now=world.tick())


async def take_back(world: World, *items: Item) -> int:
    """Take items back into stock."""
    return await loans.check_in([item.item_id for item in items], HandIn(), by=world.system, now=world.tick())


def with_status(*, active: bool) -> UserEdit:
    """Return the edit by which a source reports a status."""

    def edited(attributes: UserAttributes) -> UserAttributes:
        return UserAttributes({**attributes.document, "active": active})

    return edited


async def disable(world: World, user: User, *, active: bool = False) -> None:
    """Let the source report that somebody left, or is back."""
    await edit_user(user.user_id, with_status(active=active), by=world.client, now=world.tick())


async def delete(world: World, user: User) -> None:
    """Let the source delete somebody."""
    await delete_user(user.user_id, by=world.client, now=world.tick())


async def leavers(world: World) -> list[loans.DisabledHolder]:
    """Return who left with equipment; the tasks say what status and loans say."""
    assert await return_tasks.list_contradictions(world.tenant.tenant_id) == []
    found = await loans.list_disabled_holders(world.tenant.tenant_id, after=None, limit=100, now=world.now)
    assert found.next_after is None
    return found.holders


def viewer(world: World) -> Actor:
    """Return an operator who may look."""
    return Actor(
        tenant_id=world.tenant.tenant_id, kind="operator", label="Viewer", permissions=frozenset({"portal:view"})
    )
