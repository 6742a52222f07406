"""From users and groups of Okta to records; pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from connectors.attribute_rules import Direct, Mapper, Rules
from connectors.errors import SourceError
from connectors.records import Record, Reject
from directory.errors import InvalidError
from directory.model import GroupAttributes, UserAttributes
from directory.person import ENTERPRISE, check_group, check_user
from directory.pulls.targets import MANAGER, document_for

DEFAULT_RULES: Rules = (
    Direct("userName", "login"),
    Direct("active", "active"),
    Direct("displayName", "displayName"),
    Direct("name.givenName", "firstName"),
    Direct("name.familyName", "lastName"),
    Direct("title", "title"),
    Direct("emails[work]", "email"),
    Direct("preferredLanguage", "preferredLanguage"),
    Direct(f"{ENTERPRISE}:department", "department"),
    Direct(f"{ENTERPRISE}:employeeNumber", "employeeNumber"),
    Direct(MANAGER, "managerId"),
)

# https://developer.okta.com/docs/concepts/user-lifecycle/: recovery, an expired password and a lockout are states of
# credentials; disabling on them would punish typing errors.
ACTIVE = {
    "ACTIVE": True,
    "PROVISIONED": True,
    "RECOVERY": True,
    "PASSWORD_EXPIRED": True,
    "LOCKED_OUT": True,
    "SUSPENDED": False,
    "DEPROVISIONED": False,
    "STAGED": False,
}


class OktaMember(msgspec.Struct):
    """All that is read of a user in a group; Okta sends the whole of each."""

    id: str


def user_record(found: Mapping[str, Any], mapper: Mapper, *, staged: bool) -> Record | Reject:
    """Return a user; what Okta leaves out is empty.

    ``active``, ``id`` and ``status`` stand beside the profile's attributes for the rules.

    Raises:
        SourceError: it has no id.
    """
    ext_id, status = id_of(found), found.get("status")
    if not isinstance(status, str) or status not in ACTIVE:
        return Reject("user", ext_id, f"the status {str(status)[:40]} is not known")
    inputs = {**_profile_of(found), "id": ext_id, "status": status, "active": ACTIVE[status]}
    try:
        values = mapper.values_for(inputs)
        check_user(UserAttributes(document_for(values, ext_id=ext_id)))
    except (ValueError, InvalidError) as error:
        return Reject("user", ext_id, str(error)[:300])
    if status == "STAGED" and not staged:
        reason = "was never activated (STAGED)"
        return Record(kind="user", ext_id=ext_id, op="out_of_scope", values=values, reason=reason, raw=inputs)
    return Record(kind="user", ext_id=ext_id, values=values, raw=inputs)


def group_record(found: Mapping[str, Any]) -> Record | Reject:
    """Return a group, without its members.

    Raises:
        SourceError: it has no id.
    """
    ext_id, profile = id_of(found), _profile_of(found)
    values = {"displayName": profile.get("name")}
    try:
        check_group(GroupAttributes(document_for(values, ext_id=ext_id)))
    except InvalidError as error:
        return Reject("group", ext_id, str(error)[:300])
    return Record(kind="group", ext_id=ext_id, values=values, raw=profile)


def members_moved_at(found: Mapping[str, Any]) -> str:
    """Return when a group's members last changed; empty if Okta does not say."""
    moved = found.get("lastMembershipUpdated")
    return moved if isinstance(moved, str) else ""


def id_of(found: Mapping[str, Any]) -> str:
    """Return the id of an object.

    Raises:
        SourceError: it has none.
    """
    ext_id = found.get("id")
    if not isinstance(ext_id, str) or not ext_id:
        raise SourceError("protocol", "Okta sent an object without an id")
    return ext_id


def _profile_of(found: Mapping[str, Any]) -> dict[str, Any]:
    profile = found.get("profile")
    return profile if isinstance(profile, dict) else {}
