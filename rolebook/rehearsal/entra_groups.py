"""What Entra ID does with one group: members come and go by PATCH alone."""

from collections.abc import Iterator
from uuid import UUID

from rolebook.rehearsal import entra_bodies as bodies
from rolebook.rehearsal.checks import Values, changed, created, finds, lacks, refuses, removed, shows, shows_members
from rolebook.rehearsal.company import ids_of
from rolebook.rehearsal.entra_bodies import Body, Flavour
from rolebook.rehearsal.exchange import Request, literal, query
from rolebook.rehearsal.parts import GroupPart

MEMBERS_PER_PATCH = 20

NOBODY = str(UUID(int=0x3F8A, version=4))


class EntraGroup(GroupPart):
    """One group's part as Entra ID plays it."""

    async def create(self) -> None:
        """Look the group up, create it without members, read it, and try to create it twice."""
        team, wire = self.team, self.wire
        await wire.ask("find group", by_name(team.display_name), finds(None))
        values = {"displayName": team.display_name, "externalId": team.external_id}
        request = Request("POST", "/Groups", bodies.new_group(team))
        self.company.group_ids[team.number] = await wire.ask_for_id("create group", request, created("Group", values))
        await self._read_alone(values)
        await wire.ask("find group", by_name(team.display_name), finds(self.group_id), lacks("members"))
        by_external_id = query("/Groups", filter=f"externalId eq {literal(team.external_id)}")
        await wire.ask("find group", Request("GET", by_external_id), finds(self.group_id))
        again = Request("POST", "/Groups", {**bodies.new_group(team), "externalId": f"{team.external_id}-2"})
        await wire.ask("create group twice", again, refuses(409, "uniqueness"))

    async def fill(self) -> None:
        """Let everybody join in portions, the first ones twice, and look for one who did and one who did not."""
        members = ids_of(self.company.user_ids, self.team.members)
        portions = list(_portions(members))
        for number, portion in enumerate(portions):
            await self._patch("add members", bodies.members_added(portion, _flavour_of(number)))
        if portions:
            await self._patch("add members again", bodies.members_added(portions[0], "legacy"))
            await self._check_member(members[-1], joined=True)
        await self._check_member(self.company.stranger_to(self.team) or NOBODY, joined=False)
        await self._read_members()

    async def change(self) -> None:
        """Rename, which leaves the members alone; let some leave in both flavours and come back."""
        values = {"displayName": self.team.new_display_name, "externalId": self.team.external_id}
        flavour = _flavour_of(self.team.number)
        await self._patch("rename group", bodies.renamed("displayName", self.team.new_display_name, flavour))
        await self._read_alone(values)
        await self.wire.ask("find group", by_name(self.team.new_display_name), finds(self.group_id), lacks("members"))
        members = ids_of(self.company.user_ids, self.team.members)
        for flavour, leaving in (("legacy", members[:2]), ("062020", members[2:4])):
            if leaving:
                await self._patch(f"remove members, {flavour}", bodies.members_removed(leaving, flavour))
                await self._check_member(leaving[0], joined=False)
                await self._patch(f"remove members, {flavour}", bodies.members_removed(leaving[:1], flavour))
        if members:
            await self._patch("add members", bodies.members_added(members[:4], flavour))
        await self._read_members()

    async def check_after_leavers(self, left: frozenset[int]) -> None:
        """Whoever was deleted is in no group any more."""
        await self._read_members(without=left)

    async def clean_up(self) -> None:
        """Delete the group, and find nothing any more."""
        await self.wire.ask("delete group", Request("DELETE", self.path), removed())
        await self.wire.ask("read deleted group", Request("GET", self.path), refuses(404))

    async def _patch(self, step: str, body: Body) -> None:
        await self.wire.ask(step, Request("PATCH", self.path, body), changed("Group"))

    async def _read_alone(self, values: Values) -> None:
        request = Request("GET", query(self.path, excludedAttributes="members"))
        await self.wire.ask("read group", request, shows("Group", values), lacks("members"))

    async def _read_members(self, *, without: frozenset[int] = frozenset()) -> None:
        expected = self.company.members_of(self.team, without=without)
        await self.wire.ask("read group with members", Request("GET", self.path), shows_members(expected))

    async def _check_member(self, user_id: str, *, joined: bool) -> None:
        asked = query("/Groups", filter=f'id eq "{self.group_id}" and members eq "{user_id}"')
        await self.wire.ask("look for a member", Request("GET", asked), finds(self.group_id if joined else None))


def by_name(display_name: str) -> Request:
    """Return the search before every create."""
    wanted = f"displayName eq {literal(display_name)}"
    return Request("GET", query("/Groups", excludedAttributes="members", filter=wanted))


def _portions(members: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(members), MEMBERS_PER_PATCH):
        yield members[start : start + MEMBERS_PER_PATCH]


def _flavour_of(number: int) -> Flavour:
    return "legacy" if number % 2 else "062020"
