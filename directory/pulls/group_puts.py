"""What is done about groups themselves: created, renamed, left alone, deleted. Pure."""

from dataclasses import dataclass
from typing import Literal

from directory.errors import InvalidError
from directory.model import GroupAttributes, JsonValue
from directory.person import check_group
from directory.plan import changed_attributes
from directory.pulls.model import Action
from directory.pulls.targets import document_for
from directory.store.pulls.present import GroupHere
from directory.store.pulls.seen_groups import SeenGroup

Deed = Literal["nothing", "create", "edit", "delete", "refuse"]
"""``refuse``: what was said cannot be a group."""

ACTION_OF: dict[Deed, Action] = {"create": "group:create", "edit": "group:change", "delete": "group:delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPut:
    """What is done about one group."""

    seen: SeenGroup
    deed: Deed
    label: str
    here: GroupHere | None = None
    """As it is here, or its tombstone."""
    attributes: GroupAttributes | None = None
    changes: tuple[tuple[str, JsonValue, JsonValue], ...] = ()
    problem: str = ""

    @property
    def ext_id(self) -> str:
        """The source's id of the group."""
        return self.seen.ext_id


def put_for(seen: SeenGroup, here: GroupHere | None) -> GroupPut:
    """Return what is done about one group; a group out of scope is not created, and one that is here stays."""
    live = here is not None and not here.deleted
    label = here.display_name if here is not None and live else str(seen.said.get("displayName") or seen.ext_id)
    if seen.ends:
        return GroupPut(seen=seen, deed="delete" if live else "nothing", label=label, here=here)
    if seen.op != "upsert":
        return GroupPut(seen=seen, deed="nothing", label=label, here=here)
    attributes = GroupAttributes(document_for(seen.said, ext_id=seen.ext_id))
    try:
        check_group(attributes)
    except InvalidError as error:
        return GroupPut(seen=seen, deed="refuse", label=label, here=here, problem=str(error))
    before = here.document if here is not None and live else {}
    changes = tuple((one.name, one.old, one.new) for one in changed_attributes(before, attributes.document))
    deed: Deed = "nothing" if live and not changes else "edit" if live else "create"
    return GroupPut(seen=seen, deed=deed, label=label, here=here, attributes=attributes, changes=changes)
