"""Whatever a feed tries, nobody else becomes its own."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from directory import adoptions, graves, groups, users
from directory.adoption_cases import Entry
from directory.adoptions import EntryFilter
from directory.errors import (
    AlreadyExistsError,
    ForbiddenError,
    InvalidError,
    LastLocalAdministratorError,
    MetError,
    NotFoundError,
)
from directory.model import Actor, User, UserAttributes
from tests.directory.meeting import decide, local_user, mail, operator, push, queue, second_source
from tests.directory.world import World

pytestmark = pytest.mark.anyio

VARIANTS = ("victim@example.org", "VICTIM@EXAMPLE.ORG", "\uff36ictim@example.org", "victim", "Victim", "\uff36ICTIM")


class Attack:
    """A feed that tries whatever a feed can, to become somebody else."""

    def __init__(self, world: World, feeds: list[Actor], seed: int) -> None:
        self.world = world
        self.feeds = feeds
        self.random = random.Random(seed)
        self.own: list[User] = []

    async def begin(self) -> None:
        """Have one user that is beyond doubt the feed's."""
        self.own.append(await push(self.world, self.feeds[0], "mallory"))

    async def play(self, *, steps: int) -> None:
        deeds: list[Callable[[], Awaitable[None]]] = [self.create, self.create, self.edit, self.recreate]
        for _ in range(steps):
            try:
                await self.random.choice(deeds)()
            except (AlreadyExistsError, NotFoundError):
                continue

    def said(self) -> dict[str, object]:
        pick = self.random.choice
        return {"userName": pick((*VARIANTS, f"m{self.random.randrange(9)}")), "emails": mail(pick(VARIANTS))}

    async def create(self) -> None:
        document = {**self.said(), "externalId": f"x{self.random.randrange(6)}", "active": True}
        user, _ = await users.create_user(
            UserAttributes(document),  # type: ignore[arg-type]  # JSON values
            by=self.random.choice(self.feeds),
            now=self.world.tick(),
            revive_inactive=True,
            on_match=self.random.choice(("queue", "refuse", "apart")),
        )
        self.own.append(user)

    async def edit(self) -> None:
        user, said = self.random.choice(self.own), self.said()
        changed = UserAttributes({**user.attributes.document, **said})  # type: ignore[dict-item]  # JSON values
        await users.edit_user(user.user_id, lambda _: changed, by=self.random.choice(self.feeds), now=self.world.tick())

    async def recreate(self) -> None:
        user = self.random.choice(self.own)
        await users.delete_user(user.user_id, by=self.random.choice(self.feeds), now=self.world.tick())
        await self.create()


@pytest.mark.parametrize("seed", range(8))
async def test_no_chain_of_a_feeds_deeds_takes_anybody_over(world: World, seed: int) -> None:
    victims = [
        await local_user(world, "victim", "administrator", email="victim@example.org"),
        await local_user(world, "other", "editor", email="other@example.org"),
    ]
    okta = await second_source(world, "Okta")
    rival = await second_source(world, "Rival")
    victims.append(await push(world, rival, "pushed", emails=mail("Victim@Example.org"), on_match="apart"))
    attack = Attack(world, [world.client, okta], seed)
    await attack.begin()
    await attack.play(steps=40)
    for victim in victims:
        assert await users.get_user(world.tenant.tenant_id, victim.user_id) == victim
    assert not {user.user_id for user in attack.own} & {victim.user_id for victim in victims}
    for user in attack.own:
        found = await users.get_user(world.tenant.tenant_id, user.user_id) if await is_here(world, user) else None
        assert found is None or await world.role_of(found) == "loanee"
    await world.assert_consistent()


async def is_here(world: World, user: User) -> bool:
    try:
        await users.get_user(world.tenant.tenant_id, user.user_id)
    except NotFoundError:
        return False
    return True


async def adopted_by_another(world: World) -> tuple[Actor, User]:
    """Return another source and its user, whom the world's source had before."""
    okta = await second_source(world)
    ann = await push(world, world.client, "ann")
    with pytest.raises(MetError):
        await push(world, okta, "ann", externalId="okta-ann")
    (entry,) = await queue(world)
    await decide(world, entry, "adopt")
    return okta, ann


async def test_a_former_source_brings_nobody_back_whom_another_source_deleted(world: World) -> None:
    okta, ann = await adopted_by_another(world)
    await users.delete_user(ann.user_id, by=okta, now=world.tick())
    with pytest.raises(MetError):
        await push(world, world.client, "mallory", externalId="ext-ann", emails=mail("mallory@example.org"))
    (entry,) = await queue(world)
    assert (entry.user_id, entry.matched) == (ann.user_id, "external id")
    with pytest.raises(InvalidError, match="restore that user first"):
        await decide(world, entry, "adopt")
    back = await push(world, okta, "ann", externalId="okta-ann")
    assert (back.user_id, back.source_id) == (ann.user_id, okta.source_id)
    await world.assert_consistent()


async def test_an_old_question_gives_nobody_back_whom_another_source_has_had_since(world: World) -> None:
    ann = await push(world, world.client, "ann")
    await users.delete_user(ann.user_id, by=world.client, now=world.tick())
    with pytest.raises(MetError):
        await push(world, world.client, "ann", externalId="hired-again")
    (old,) = await queue(world)
    await graves.restore_user(ann.user_id, by=operator(world), now=world.tick())
    okta = await second_source(world)
    with pytest.raises(MetError):
        await push(world, okta, "ann", externalId="okta-ann")
    (entry,) = await queue(world, EntryFilter(source_id=okta.source_id))
    await decide(world, entry, "adopt")
    await users.delete_user(ann.user_id, by=okta, now=world.tick())
    with pytest.raises(InvalidError, match="another connection's"):
        await decide(world, old, "adopt")
    await world.assert_consistent()


async def test_groups_of_a_former_source_reach_its_former_user_no_more(world: World) -> None:
    _, ann = await adopted_by_another(world)
    admins = await world.push_group("admins", ["ext-ann"])
    await world.map_group(admins, "administrator")
    await world.edit_members(admins, add=["ext-ann"], replace=True)
    assert await world.members_of(admins) == set()
    assert await world.role_of(ann) == "loanee"
    found = await groups.get_group(world.tenant.tenant_id, admins.group_id)
    assert (found.member_count, found.waiting_count) == (0, 1)
    await world.assert_consistent()


async def test_of_local_administrators_who_are_adopted_at_once_one_stays(world: World) -> None:
    for name in (f"root{number}" for number in range(6)):
        await local_user(world, name, "administrator")
        with pytest.raises(MetError):
            await push(world, world.client, name)

    async def adopt(entry: Entry) -> bool:
        try:
            await decide(world, entry, "adopt")
        except LastLocalAdministratorError:
            return False
        return True

    answers = await asyncio.gather(*(adopt(entry) for entry in await queue(world)))
    assert sorted(answers) == [False, True, True, True, True, True]


async def test_nobody_adopts_somebody_whose_lock_keeps_more_back_than_they_have(world: World) -> None:
    ann = await local_user(world, "ann", "viewer")
    admins = await world.push_group("admins", ["ext-ann"])
    await world.map_group(admins, "administrator")
    with pytest.raises(MetError):
        await push(world, world.client, "ann")
    (entry,) = await queue(world)
    case = await adoptions.get_case(world.tenant.tenant_id, entry.entry_id)
    assert (case.role_after.shipped, case.privileged) == ("viewer", True)
    manager = replace(operator(world), permissions=world.roles["user_manager"].permissions)
    with pytest.raises(ForbiddenError):
        await decide(world, entry, "adopt", by=manager)
    await decide(world, entry, "adopt")
    assert await world.role_of(ann) == "viewer"
