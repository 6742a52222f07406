"""What a user of a super tenant is in a tenant below: its document there, and what is done with its copy. Pure."""

from dataclasses import dataclass
from typing import Literal

from directory.model import JsonValue, SourceId, User, UserAttributes, UserId
from directory.person import ENTERPRISE
from directory.route_facts import Copy, Origin, Route
from directory.routing import ROUTING_EXTENSION, Destination, RoutingRule

State = Literal["there", "held", "met", "refused"]
Deed = Literal["nothing", "create", "edit", "leave", "taken over"]
Did = Literal["nothing", "created", "changed", "left"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the rules want of one user in one tenant below."""

    origin: Origin
    destination: Destination | None
    """None: the user is not to be there."""
    rule: RoutingRule | None
    """The rule that leads there; None: the fallback, or nothing."""
    route: Route | None
    """How it was left the last time."""
    manager_id: UserId | None
    """The user above whom this one names as manager, if that is known."""
    is_new: bool
    """Whether nobody saw the user before, so that no tenant can have it."""

    @property
    def user_id(self) -> UserId:
        """The user above."""
        return self.origin.user_id

    @property
    def role_key(self) -> str | None:
        """The role that the rule gives there."""
        return None if self.destination is None else self.destination.role_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of a wish."""

    wish: Wish
    copy: User | None = None
    """Who the user is there now, in effect; None if nobody."""
    state: State = "there"
    problem: str = ""
    did: Did = "nothing"
    frees_name: bool = False
    """Whether somebody else there may have the user name that the copy had."""

    @property
    def stays(self) -> bool:
        """Whether there is anything left to say of the user in that tenant."""
        return self.wish.destination is not None or self.copy is not None

    @property
    def is_fed(self) -> bool:
        """Whether there is a copy that its groups are told of."""
        return self.copy is not None and self.copy.reported_deleted_at is None


def copy_attributes(wish: Wish) -> UserAttributes:
    """Return what a tenant below is told of a user.

    Its externalId there is the id of the user above, and so is that of its manager. Where else it is led is nobody's
    business there.
    """
    document: dict[str, JsonValue] = {**wish.origin.document}
    document.pop(ROUTING_EXTENSION, None)
    document["externalId"] = str(wish.user_id)
    document["active"] = wish.origin.active
    enterprise = document.get(ENTERPRISE)
    if wish.manager_id is not None and isinstance(enterprise, dict):
        document[ENTERPRISE] = {**enterprise, "manager": _manager(enterprise.get("manager"), wish.manager_id)}
    return UserAttributes(document)


def deed_for(wish: Wish, copy: Copy | None, feed_id: SourceId) -> Deed:
    """Return what is to be done so that a user is in a tenant, or is not, as the rules want it."""
    if copy is not None and not copy.is_gone and copy.user.source_id != feed_id:
        return "nothing" if wish.destination is None else "taken over"
    reported = copy is not None and not copy.is_gone and copy.user.reported_deleted_at is None
    if wish.destination is None:
        return "leave" if reported else "nothing"
    if copy is None or not reported:
        return "create"
    same = dict(copy.user.attributes.document) == dict(copy_attributes(wish).document)
    return "nothing" if same else "edit"


def _manager(said: JsonValue, manager_id: UserId) -> JsonValue:
    rest = {name: value for name, value in said.items() if name != "$ref"} if isinstance(said, dict) else {}
    return {**rest, "value": str(manager_id)}
