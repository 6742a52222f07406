"""How each provider makes a user, and says later that it goes elsewhere, is disabled or comes back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from rolebook.rehearsal import entra_bodies, okta_bodies
from rolebook.rehearsal.checks import Check, changed, shows
from rolebook.rehearsal.company import Person
from rolebook.rehearsal.exchange import Request
from rolebook.rehearsal.parts import UserPart
from rolebook.rehearsal.places import Body, Places

Slugs = tuple[str, ...]


class Dialect(Protocol):
    """One provider's way."""

    deletes: ClassVar[bool]
    """Whether it deletes who leaves."""

    def new_user(self, person: Person) -> Body:
        """Return the body of POST /Users."""

    async def send_to(self, part: UserPart, step: str, slugs: Slugs, check: Check) -> None:
        """Say which tenants a user goes to, and check that it is there."""

    async def set_status(self, part: UserPart, step: str, check: Check, *, active: bool) -> None:
        """Disable or enable a user, and check what is said of it then."""


@dataclass(frozen=True)
class EntraDialect:
    """PATCH, and a look at what came of it."""

    places: Places
    deletes: ClassVar[bool] = True

    def new_user(self, person: Person) -> Body:
        """Return the body, with the department."""
        return entra_bodies.new_user(person)

    async def send_to(self, part: UserPart, step: str, slugs: Slugs, check: Check) -> None:
        """Replace the attribute alone."""
        body = entra_bodies.patch({"op": "Replace", "path": self.places.path, "value": self.places.value_of(slugs)})
        await self._patch(part, step, body, check)

    async def set_status(self, part: UserPart, step: str, check: Check, *, active: bool) -> None:
        """Replace the status."""
        body = entra_bodies.enabled("legacy") if active else entra_bodies.disabled()
        await self._patch(part, step, body, check)

    async def _patch(self, part: UserPart, step: str, body: Body, check: Check) -> None:
        await part.wire.ask(step, Request("PATCH", part.path, body), changed("User"))
        await part.wire.ask("read user", Request("GET", part.path), shows("User"), check)


@dataclass(frozen=True)
class OktaDialect:
    """GET, and PUT of what was read with the change in it."""

    places: Places
    deletes: ClassVar[bool] = False

    def new_user(self, person: Person) -> Body:
        """Return the body."""
        return okta_bodies.new_user(person)

    async def send_to(self, part: UserPart, step: str, slugs: Slugs, check: Check) -> None:
        """Replace the user with the attribute changed."""
        await self._put(part, step, lambda body: self.places.sent(body, slugs), check)

    async def set_status(self, part: UserPart, step: str, check: Check, *, active: bool) -> None:
        """Replace the user with the status changed."""
        await self._put(part, step, lambda body: {**body, "active": active}, check)

    async def _put(self, part: UserPart, step: str, change: Callable[[Body], Body], check: Check) -> None:
        fetched = await part.wire.ask("read user", Request("GET", part.path), shows("User"))
        body = change({**fetched.resource(), "groups": []})
        await part.wire.ask(step, Request("PUT", part.path, body), changed("User"), check)
        await part.wire.ask("read user", Request("GET", part.path), shows("User"), check)
