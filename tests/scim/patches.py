"""Patches of tests: the messages, and what they do to somebody."""

from typing import Any

from directory.edits import GroupEdit
from directory.model import JsonObject, UserAttributes
from scim.patch import parse_group_patch, parse_user_patch
from scim.quirks import Reading
from tests.scim.readings import lenient

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User"
ADA: JsonObject = {"userName": "ada", "active": True}
WORK: JsonObject = {"type": "work", "value": "ada@work", "primary": True}
HOME: JsonObject = {"type": "home", "value": "ada@home"}


def message(*operations: Any) -> JsonObject:  # noqa: ANN401 any JSON
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def patched(before: JsonObject, *operations: Any, reading: Reading | None = None) -> JsonObject:  # noqa: ANN401 any JSON
    edit = parse_user_patch(message(*operations), reading or lenient())
    once = edit(UserAttributes(before))
    assert edit(UserAttributes(before)) == once
    return dict(once.document)


def group_edit(*operations: Any, reading: Reading | None = None) -> GroupEdit:  # noqa: ANN401 any JSON
    return parse_group_patch(message(*operations), reading or lenient())
