"""Names of attributes: in any case, with or without their schema's URN, in the core or in an extension."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from scim.quirks import MISSPELT_URNS
from scim.schemas import COMMON_ATTRIBUTES, GROUP_TYPE, USER_TYPE, Attribute, ResourceType
from scim.tenant_schemas import SHOWN_TYPE, TAKEN_TYPE, UNREAD, UNREAD_HERE

_EXTENSION_URN = re.compile(r"urn:[^\s\[\]\"]+:\d+(?:\.\d+)*:[A-Za-z]\w*", re.ASCII | re.IGNORECASE)
"""A URN of a schema as RFC 7643 section 10.2.1 builds it: ``urn:...:<version>:<name>``."""

_ATTRIBUTE_NAME = re.compile(r"[A-Za-z$][\w$-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """An attribute and where it stands: in the core (``urn`` is None), or in the extension of that URN."""

    urn: str | None
    attribute: Attribute
    declared: bool = True
    """False for an attribute of an extension that no schema describes: stored and returned as it is."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names of one resource type."""

    resource_type: ResourceType
    core: Mapping[str, Attribute]
    extensions: Mapping[str, Mapping[str, Attribute]]
    urns: Mapping[str, str]
    """Lower case to the spelling of the schema."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Extensions and attributes of extensions, by URN in lower case, that are never stored, and why."""

    @property
    def core_urn(self) -> str:
        """The URN of the core schema."""
        return self.resource_type.schema.urn

    def find(self, name: str) -> Place | None:
        """Return the attribute that ``name`` means, or None.

        A name without URN is looked up in the core, then in the extensions of the type (so ``manager``).
        """
        urn, rest = self.split_urn(name)
        wanted = rest.lower()
        if urn is None or urn == self.core_urn:
            return self._bare(wanted, core_only=urn is not None)
        declared = self.extensions.get(urn)
        if declared is not None:
            found = declared.get(wanted)
            return None if found is None else Place(urn, found)
        if _ATTRIBUTE_NAME.fullmatch(rest):
            return Place(urn, Attribute(name=rest, kind="any"), declared=False)
        return None

    def split_urn(self, name: str) -> tuple[str | None, str]:
        """Return the schema's URN that ``name`` starts with, and what follows; ``""`` for the URN alone."""
        if name[:4].lower() != "urn:":
            return None, name
        lowered = name.lower()
        for known, urn in self.urns.items():
            if lowered == known or lowered.startswith(f"{known}:"):
                return urn, name[len(known) + 1 :]
        unknown = _EXTENSION_URN.match(name)
        if unknown is None or name[unknown.end() : unknown.end() + 1] not in {"", ":"}:
            return None, name
        return unknown.group(), name[unknown.end() + 1 :]

    def why_unread(self, urn: str | None, rest: str) -> str | None:
        """Return why what is sent under a name, split as ``split_urn`` does, is not stored, where that is said."""
        if urn is None or not self.unread:
            return None
        lowered, head = urn.lower(), re.split(r"[.\[]", rest.lower(), maxsplit=1)[0]
        return self.unread.get(lowered) or self.unread.get(f"{lowered}:{head}")

    def keeps_back(self, urn: str) -> str | None:
        """Return why an extension is not removed as a whole: not all of it is the client's; None where it is."""
        lowered = urn.lower()
        return next((why for name, why in self.unread.items() if name.startswith(lowered)), None)

    def _bare(self, wanted: str, *, core_only: bool) -> Place | None:
        found = self.core.get(wanted)
        if found is not None:
            return Place(None, found)
        if not core_only:
            for urn, declared in self.extensions.items():
                if wanted in declared:
                    return Place(urn, declared[wanted])
        return None


def _by_name(attributes: tuple[Attribute, ...]) -> dict[str, Attribute]:
    return {attribute.name.lower(): attribute for attribute in attributes}


def vocabulary_of(resource_type: ResourceType, unread: Mapping[str, str] | None = None) -> Vocabulary:
    """Return the names of a resource type, the common attributes included."""
    schemas = (resource_type.schema, *resource_type.extensions)
    urns = {schema.urn.lower(): schema.urn for schema in schemas}
    if resource_type.extensions:
        urns |= MISSPELT_URNS
    return Vocabulary(
        resource_type,
        _by_name(COMMON_ATTRIBUTES) | _by_name(resource_type.schema.attributes),
        {schema.urn: _by_name(schema.attributes) for schema in resource_type.extensions},
        urns,
        unread or {},
    )


USER_NAMES = vocabulary_of(USER_TYPE, UNREAD)
SHOWN_NAMES = vocabulary_of(SHOWN_TYPE, UNREAD_HERE)
TAKEN_NAMES = vocabulary_of(TAKEN_TYPE)
"""Users of a super tenant, whose source may not, or may, say where they go."""
GROUP_NAMES = vocabulary_of(GROUP_TYPE)
