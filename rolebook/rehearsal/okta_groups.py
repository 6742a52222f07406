"""Okta's group push: groups arrive with members, are renamed, get deltas and full lists."""

from rolebook.rehearsal import okta_bodies as bodies
from rolebook.rehearsal.checks import changed, created, finds, refuses, removed, shows_members
from rolebook.rehearsal.company import ids_of
from rolebook.rehearsal.exchange import Request, literal, query
from rolebook.rehearsal.okta_bodies import Body
from rolebook.rehearsal.okta_users import PAGE
from rolebook.rehearsal.parts import GroupPart


class OktaGroup(GroupPart):
    """One group's part as Okta plays it."""

    @property
    def members(self) -> list[str]:
        """The ids of those who are in the group."""
        return ids_of(self.company.user_ids, self.team.members)

    async def push(self) -> None:
        """Look the group up and create it, every other time empty at first and filled by a full list."""
        team, wire = self.team, self.wire
        await wire.ask("find group", by_name(team.display_name), finds(None, start=1))
        first = self.members if team.number % 2 == 0 else []
        request = Request("POST", "/Groups", bodies.new_group(team, first))
        named = created("Group", {"displayName": team.display_name})
        self.company.group_ids[team.number] = await wire.ask_for_id("push group", request, named)
        await self._read(first)
        if first != self.members:
            await self._patch("replace members", bodies.members_replaced(self.members))
            await self._read(self.members)
        await wire.ask("find group", by_name(team.display_name), finds(self.group_id, start=1))

    async def change(self) -> None:
        """Rename, swap one member for another, let some go and come back, empty, and put all back by PUT."""
        new_name = self.team.new_display_name
        await self._patch("rename group", bodies.renamed(self.group_id, new_name))
        await self._read(self.members, named=new_name)
        await self._swap()
        await self._leave_and_return(self.members[:3])
        await self._patch("replace members", bodies.members_replaced([]))
        await self._read([])
        body = bodies.replaced_group(self.group_id, new_name, self.members)
        await self.wire.ask(
            "replace group", Request("PUT", self.path, body), changed("Group", {"displayName": new_name})
        )
        await self._read(self.members, named=new_name)

    async def check(self) -> None:
        """Read the group: updates of users, disabled ones and ones with "groups": [], leave members alone."""
        await self._read(self.members)

    async def clean_up(self) -> None:
        """Delete the group, and find nothing any more."""
        await self.wire.ask("delete group", Request("DELETE", self.path), removed())
        await self.wire.ask("read deleted group", Request("GET", self.path), refuses(404))

    async def _swap(self) -> None:
        """Let one member leave and a stranger join in one message, and the other way round."""
        stranger = self.company.stranger_to(self.team)
        if not self.members or stranger is None:
            return
        first = self.members[0]
        await self._patch("swap members", bodies.members_swapped(first, stranger))
        await self._read([*self.members[1:], stranger])
        await self._patch("swap members", bodies.members_swapped(stranger, first))

    async def _leave_and_return(self, leaving: list[str]) -> None:
        """Let some members leave one by one in one message, and join again in one list, which is sent twice."""
        if leaving:
            await self._patch("remove members", bodies.members_removed(leaving))
            await self._read(self.members[len(leaving) :])
            await self._patch("add members", bodies.members_added(leaving))
            await self._patch("add members again", bodies.members_added(leaving))
        await self._read(self.members)

    async def _patch(self, step: str, body: Body) -> None:
        await self.wire.ask(step, Request("PATCH", self.path, body), changed("Group"))

    async def _read(self, members: list[str], *, named: str | None = None) -> None:
        values = {} if named is None else {"displayName": named}
        await self.wire.ask("read group", Request("GET", self.path), shows_members(frozenset(members), values))


def by_name(display_name: str) -> Request:
    """Return the search before every push."""
    return Request("GET", query("/Groups", filter=f"displayName eq {literal(display_name)}", startIndex=1, count=PAGE))
