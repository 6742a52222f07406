"""What a page says after a deed; addresses carry only the key, never the words."""

from collections.abc import Mapping
from types import MappingProxyType

NOTICES: Mapping[str, str] = MappingProxyType(
    {
        "source-created": "Connection created. Next: create its secret.",
        "secret-stored": "Done. The secret is not shown again.",
        "secret-revoked": "Secret revoked. Requests that use it are refused from now on.",
        "mapping-added": "Mapping added at the end of the list. Roles are updated.",
        "mapping-moved": "Order changed. Roles are updated.",
        "mapping-removed": "Mapping removed. Roles are updated.",
        "mapping-role": "Access role of the mapping changed. Roles are updated.",
        "default-role": "Default Access Role changed. Roles are updated.",
        "role-locked": "Role locked. Groups and mappings no longer change it.",
        "role-unlocked": "Lock removed. The role follows groups and mappings again.",
        "signed-out": "You are signed out.",
    }
)
