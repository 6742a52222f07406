"""What Okta does with one user: it is created, updated by PUT, disabled and enabled, and never deleted."""

from rolebook.rehearsal import okta_bodies as bodies
from rolebook.rehearsal.checks import any_of, changed, created, finds, lacks, refuses, removed, shows
from rolebook.rehearsal.exchange import Request, literal, query
from rolebook.rehearsal.okta_bodies import Body
from rolebook.rehearsal.parts import UserPart

PAGE = 100

NO_DELETE = (405, 501)
"""An endpoint made for Okta alone needs no DELETE of users; ours is only to leave nothing behind."""


class OktaUser(UserPart):
    """One user's part as Okta plays it."""

    @property
    def by_put(self) -> bool:
        """Whether status changes come by PUT, as from custom apps; every other user's come by PATCH."""
        return bool(self.person.number % 2)

    async def create(self) -> None:
        """Look the user up, create it as nobody is found, read it back, and try to create it twice."""
        person, wire = self.person, self.wire
        await wire.ask("find user", by_name(person.user_name), finds(None, start=1))
        values = bodies.values_of(person)
        request = Request("POST", "/Users", bodies.new_user(person))
        user_id = await wire.ask_for_id("create user", request, created("User", values), lacks("password"))
        self.company.user_ids[person.number] = user_id
        await self._read("read user", values)
        await wire.ask("find user", by_name(person.user_name.upper()), finds(user_id, start=1), lacks("password"))
        await wire.ask("create user twice", request, refuses(409, "uniqueness"))

    async def update(self) -> None:
        """Replace the user by what was just read with changes merged in, and sync a password."""
        await self._put("replace user", active=True)
        await self._patch("sync password", bodies.password_set(self.person), {"active": True})
        await self._read("read user", {"displayName": f"{self.person.display_name} II", "title": self.person.title})

    async def disable(self) -> None:
        """Disable, find the user all the same, and enable it again."""
        await self._set_status("disable user", active=False)
        await self.wire.ask("find disabled user", by_name(self.person.user_name), finds(self.user_id, start=1))
        await self._set_status("enable user", active=True)

    async def leave_and_return(self) -> None:
        """Disable for good, and provision the user anew: it is reactivated or refused, but never there twice."""
        await self._set_status("disable user", active=False)
        request = Request("POST", "/Users", bodies.new_user(self.person))
        values = bodies.values_of(self.person)
        await self.wire.ask("provision again", request, any_of(created("User", values), refuses(409, "uniqueness")))
        await self.wire.ask("find user", by_name(self.person.user_name), finds(self.user_id, start=1))

    async def clean_up(self) -> None:
        """Delete what is left, which Okta itself would not."""
        await self.wire.ask("delete user", Request("DELETE", self.path), removed(*NO_DELETE))

    async def _set_status(self, step: str, *, active: bool) -> None:
        if self.by_put:
            await self._put(step, active=active)
        else:
            await self._patch(step, bodies.status_set(active=active), {"active": active})
        await self._read("read user", {"active": active, "userName": self.person.user_name})

    async def _put(self, step: str, *, active: bool) -> None:
        fetched = await self.wire.ask("read user", Request("GET", self.path), shows("User"))
        body, values = bodies.merged(fetched.resource(), self.person, active=active)
        await self.wire.ask(step, Request("PUT", self.path, body), shows("User", values), lacks("password"))

    async def _patch(self, step: str, body: Body, values: Body) -> None:
        await self.wire.ask(step, Request("PATCH", self.path, body), changed("User", values), lacks("password"))

    async def _read(self, step: str, values: Body) -> None:
        await self.wire.ask(step, Request("GET", self.path), shows("User", values), lacks("password"))


def by_name(user_name: str) -> Request:
    """Return the search before every create."""
    return Request("GET", query("/Users", filter=f"userName eq {literal(user_name)}", startIndex=1, count=PAGE))
