"""What becomes of one user at a super tenant: sent to a tenant, moved, in two, disabled, lost, and gone."""

from dataclasses import dataclass

from rolebook.rehearsal.checks import created, finds, refuses, removed, shows
from rolebook.rehearsal.exchange import Request, literal, query
from rolebook.rehearsal.parts import UserPart
from rolebook.rehearsal.places import Places
from rolebook.rehearsal.tenant_dialects import Dialect


@dataclass(frozen=True, slots=True)
class TenantUser(UserPart):
    """One user's part; a method is what is done in one act, its requests in order."""

    places: Places
    dialect: Dialect

    @property
    def home(self) -> str:
        """The tenant that the user is sent to first."""
        return self.places.home_of(self.person.number)

    async def create(self) -> None:
        """Look the user up, create it with where it goes, and read it back: it is there at once."""
        person, wire, places = self.person, self.wire, self.places
        asked = query("/Users", filter=f"userName eq {literal(person.user_name)}")
        await wire.ask("find user", Request("GET", asked), finds(None))
        body = places.sent(self.dialect.new_user(person), (self.home,))
        values = {"userName": person.user_name, "externalId": person.external_id, "active": True}
        is_in = places.is_in((self.home,))
        user_id = await wire.ask_for_id("create user", Request("POST", "/Users", body), created("User", values), is_in)
        self.company.user_ids[person.number] = user_id
        places.expected[person.number] = (self.home,)
        await wire.ask("read user", Request("GET", self.path), shows("User", values), is_in)

    async def move(self) -> None:
        """Send the user to another tenant: it is there, and no longer where it was."""
        await self._send_to("move user", self.places.other_than_home(self.person.number))

    async def be_in_two(self) -> None:
        """Send the user to a second tenant as well."""
        await self._send_to("send to two tenants", self.home, self.places.other_than_home(self.person.number))

    async def get_lost(self) -> None:
        """Send the user to a tenant that there is not: it is in none, until it is sent home."""
        nowhere = (f"nowhere-{self.company.prefix}",)
        await self.dialect.send_to(self, "send to an unknown tenant", nowhere, self.places.is_in(()))
        await self._send_to("send home", self.home)

    async def disable(self) -> None:
        """Disable, and enable again: the tenants follow."""
        await self._set_status("disable user", active=False)
        await self._set_status("enable user", active=True)

    async def leave(self) -> None:
        """Disable for good and, if the provider does that, delete."""
        await self._set_status("disable user", active=False)
        if self.dialect.deletes:
            self.places.expected[self.person.number] = ()
            await self.clean_up()

    async def clean_up(self) -> None:
        """Delete the user, and find nothing any more."""
        await self.wire.ask("delete user", Request("DELETE", self.path), removed())
        await self.wire.ask("read deleted user", Request("GET", self.path), refuses(404))

    async def _send_to(self, step: str, *slugs: str) -> None:
        self.places.expected[self.person.number] = slugs
        await self.dialect.send_to(self, step, slugs, self.places.is_in(slugs))

    async def _set_status(self, step: str, *, active: bool) -> None:
        check = self.places.is_in(self.places.expected[self.person.number], active=active)
        await self.dialect.set_status(self, step, check, active=active)
