"""In which tenants the users of a rehearsal at a super tenant should be, and how an answer is held against that."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from rolebook.rehearsal.checks import ENTERPRISE, USER, Check
from rolebook.rehearsal.comparing import Wrong
from rolebook.rehearsal.exchange import Json, Reply, shown

ROUTING = "urn:rolebook:params:scim:schemas:extension:routing:2.0:User"
Attribute = Literal["routeTo", "department"]
"""What says where a user goes: the extension's own attribute, or the department, which a routing rule then follows."""

URNS: dict[Attribute, str] = {"routeTo": ROUTING, "department": ENTERPRISE}
Body = dict[str, object]


@dataclass(slots=True, kw_only=True)
class Places:
    """Where everybody should be now, by number; (user, tenant) pairs that a guard there keeps are ``held``."""

    slugs: tuple[str, ...]
    attribute: Attribute
    expected: dict[int, tuple[str, ...]] = field(default_factory=dict)
    held: set[tuple[str, str]] = field(default_factory=set)

    def home_of(self, number: int) -> str:
        """Return the tenant that a user is sent to first."""
        return self.slugs[number % len(self.slugs)]

    def other_than_home(self, number: int) -> str:
        """Return the tenant after that."""
        return self.slugs[(number + 1) % len(self.slugs)]

    @property
    def path(self) -> str:
        """The attribute as a PATCH names it."""
        return f"{URNS[self.attribute]}:{self.attribute}"

    def value_of(self, slugs: tuple[str, ...]) -> object:
        """Return what the attribute says to send a user to these tenants."""
        return list(slugs) if self.attribute == "routeTo" else slugs[0]

    def sent(self, body: Body, slugs: tuple[str, ...]) -> Body:
        """Return a whole user that is sent to these tenants."""
        urn = URNS[self.attribute]
        before = body.get(urn)
        extension = {**(before if isinstance(before, dict) else {}), self.attribute: self.value_of(slugs)}
        listed = body.get("schemas")
        schemas = [*(listed if isinstance(listed, list) else [USER])]
        return {**body, "schemas": schemas if urn in schemas else [*schemas, urn], urn: extension}

    def is_in(self, slugs: tuple[str, ...], *, active: bool = True) -> Check:
        """The user is in these tenants and in no other, with access or without; what a guard keeps is noted."""

        def check(reply: Reply) -> Iterator[Wrong]:
            resource = reply.resource()
            found = {str(one.get("value")): one for one in tenants_in(resource)}
            kept = {slug for slug, one in found.items() if one.get("state") == "held"}
            self.held |= {(str(resource.get("id")), slug) for slug in kept}
            for slug in slugs:
                yield from _stay(slug, found.get(slug), active=active, kept=slug in kept)
            for slug in sorted(found.keys() - kept - set(slugs)):
                yield Wrong(f"no tenant {slug}", shown(found[slug]))

        return check


def tenants_in(resource: dict[str, Json]) -> list[dict[str, Json]]:
    """Return the tenants that a user says it is in."""
    extension = resource.get(ROUTING)
    listed = extension.get("tenants") if isinstance(extension, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _stay(slug: str, found: dict[str, Json] | None, *, active: bool, kept: bool) -> Iterator[Wrong]:
    if found is None:
        yield Wrong(f"the tenant {slug}", "not among the user's tenants")
    elif not kept and (found.get("state"), found.get("active")) != ("there", active):
        yield Wrong(f"the tenant {slug} with state there and active {shown(active)}", shown(found))
