"""How a proposal is named, and where its preview is."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlencode

from directory.preview import Preview
from directory.proposals import (
    AddMapping,
    LockRole,
    MoveMapping,
    Proposal,
    RemoveMapping,
    SetDefaultRole,
    SetMappingRole,
    UnlockRole,
    fields_of,
)
from portal.visit import Visit

DONE: Mapping[type, str] = MappingProxyType(
    {
        AddMapping: "mapping-added",
        SetMappingRole: "mapping-role",
        MoveMapping: "mapping-moved",
        RemoveMapping: "mapping-removed",
        SetDefaultRole: "default-role",
        LockRole: "role-locked",
        UnlockRole: "role-unlocked",
    }
)
"""The notice after applying, by the kind of proposal."""


def query_of(proposal: Proposal) -> str:
    """Return a proposal as the query of an address."""
    return urlencode(fields_of(proposal))


def preview_path(visit: Visit, proposal: Proposal) -> str:
    """Return the address of a mapping's preview."""
    return f"{visit.path('group-mappings', 'preview')}?{query_of(proposal)}"


def title_parts(preview: Preview) -> tuple[str, str, str]:
    """Return the heading: our words, the name that somebody else chose, and our words again."""
    role = "" if preview.given is None else preview.given.name
    name = preview.subject
    match preview.proposal:
        case AddMapping():
            return "Map", name, f"to {role}"
        case SetMappingRole():
            return "Give", name, f"the role {role}"
        case MoveMapping(places=places):
            count = abs(places)
            return "Move", name, f"{'up' if places < 0 else 'down'} {count} {'place' if count == 1 else 'places'}"
        case RemoveMapping():
            return "Take", name, "off the list"
        case SetDefaultRole():
            return "Make", role, "the Default Access Role"
        case LockRole():
            return "Lock", name, f"as {role}"
        case UnlockRole():
            return "Unlock", name, ""
