"""What Entra ID does with one user, from the search before the create to the 404 after the delete."""

from rolebook.rehearsal import entra_bodies as bodies
from rolebook.rehearsal.checks import ENTERPRISE, NOTHING, Values, changed, created, finds, refuses, removed, shows
from rolebook.rehearsal.comparing import ABSENT
from rolebook.rehearsal.entra_bodies import Body, Flavour
from rolebook.rehearsal.exchange import Request, literal, query
from rolebook.rehearsal.parts import UserPart
from rolebook.rehearsal.wire import known_id


class EntraUser(UserPart):
    """One user's part as Entra ID plays it."""

    @property
    def flavour(self) -> Flavour:
        """The flavour for requests that a user sees in one of them only: every other user gets the other."""
        return "legacy" if self.person.number % 2 else "062020"

    async def create(self) -> None:
        """Look the user up, create it as nobody is found, read it back, and try to create it twice."""
        person, wire = self.person, self.wire
        await wire.ask("find user", by_name(person.user_name), finds(None))
        values = bodies.values_of(person)
        request = Request("POST", "/Users", bodies.new_user(person))
        user_id = await wire.ask_for_id("create user", request, created("User", values))
        self.company.user_ids[person.number] = user_id
        await wire.ask("read user", Request("GET", self.path), shows("User", values))
        await wire.ask("find user", by_name(person.user_name.upper()), finds(user_id))
        again = Request("POST", "/Users", {**bodies.new_user(person), "externalId": f"{person.external_id}-2"})
        await wire.ask("create user twice", again, refuses(409, "uniqueness"))

    async def set_manager(self) -> None:
        """Name a manager, replace it, clear it, and name it again."""
        if self.person.manager is None:
            return
        chief_id = known_id(self.company.user_ids, 0)
        manager_id = known_id(self.company.user_ids, self.person.manager)
        await self._patch("set manager", bodies.manager_set(chief_id, self.flavour))
        await self._patch("replace manager", bodies.manager_set(manager_id, self.flavour))
        named = {ENTERPRISE: {"manager": {"value": manager_id}}}
        await self._read("read manager", named)
        asked = query("/Users", filter=f'id eq "{self.user_id}" and manager eq "{manager_id}"')
        await self.wire.ask("find by manager", Request("GET", asked), finds(self.user_id))
        await self._patch("clear manager", bodies.manager_cleared(self.flavour))
        await self._read("read manager", {ENTERPRISE: {"manager": ABSENT, "department": self.person.department}})
        await self._patch("set manager", bodies.manager_set(manager_id, self.flavour))
        await self._read("read manager", named)

    async def change(self) -> None:
        """Change attributes in both flavours, and clear some."""
        for flavour in ("legacy", "062020"):
            body, values = bodies.changes(self.person, flavour)
            await self._patch(f"change user, {flavour}", body, values)
            await self._read("read user", values)
        await self._patch("clear attributes", bodies.cleared(self.flavour))
        gone = {"title": ABSENT, "phoneNumbers": ABSENT, ENTERPRISE: {"department": ABSENT}}
        await self._read("read user", {**gone, "displayName": self.person.display_name})

    async def disable(self) -> None:
        """Disable with the text "False", find the user all the same, and enable it again."""
        await self._patch("disable user", bodies.disabled(), {"active": False})
        await self._read("read user", {"active": False, "userName": self.person.user_name})
        await self.wire.ask("find disabled user", by_name(self.person.user_name), finds(self.user_id))
        await self._patch("enable user", bodies.enabled(self.flavour), {"active": True})
        await self._read("read user", {"active": True})

    async def rename(self) -> None:
        """Rename, and look for the new name and the old one."""
        person = self.person
        body = bodies.renamed("userName", person.new_user_name, self.flavour)
        await self._patch("rename user", body, {"userName": person.new_user_name})
        await self.wire.ask("find user", by_name(person.new_user_name), finds(self.user_id))
        await self.wire.ask("find user", by_name(person.user_name), finds(None))

    async def leave(self) -> None:
        """Soft delete, delete, and find nothing any more."""
        await self._patch("disable user", bodies.disabled(), {"active": False})
        await self.wire.ask("delete user", Request("DELETE", self.path), removed())
        await self.wire.ask("read deleted user", Request("GET", self.path), refuses(404))
        await self.wire.ask("delete user twice", Request("DELETE", self.path), refuses(404))
        await self.wire.ask("find user", by_name(self.person.new_user_name), finds(None))

    async def clean_up(self) -> None:
        """Delete what is left."""
        await self.wire.ask("delete user", Request("DELETE", self.path), removed())

    async def _patch(self, step: str, body: Body, values: Values = NOTHING) -> None:
        await self.wire.ask(step, Request("PATCH", self.path, body), changed("User", values))

    async def _read(self, step: str, values: Values) -> None:
        await self.wire.ask(step, Request("GET", self.path), shows("User", values))


def by_name(user_name: str) -> Request:
    """Return the search before every create and change."""
    return Request("GET", query("/Users", filter=f"userName eq {literal(user_name)}"))
