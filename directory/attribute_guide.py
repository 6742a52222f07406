"""Which attributes a source should send, and counting in how many users each was seen; values are masked at once."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from directory.model import JsonObject, JsonValue
from directory.person import ENTERPRISE

Need = Literal["required", "recommended", "optional"]
Field = Literal[
    "userName",
    "active",
    "externalId",
    "displayName",
    "email",
    "givenName",
    "familyName",
    "title",
    "department",
    "manager",
    "employeeNumber",
    "mobile",
]
"""A user's attribute, as the guide names it."""

Sign = Literal["user name plain", "user name guid", "external id is name", "mail not work", "inactive", "manager no id"]
"""Something about a user that tells of a mapping that is not as it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideRow:
    """One attribute: where it arrives, and how much depends on it."""

    key: Field
    scim_path: str
    need: Need
    precedence: int | None = None
    """The matching precedence; the source finds its users by the attribute of precedence 1."""


GUIDE: tuple[GuideRow, ...] = (
    GuideRow(key="userName", scim_path="userName", need="required", precedence=1),
    GuideRow(key="active", scim_path="active", need="required"),
    GuideRow(key="externalId", scim_path="externalId", need="recommended"),
    GuideRow(key="displayName", scim_path="displayName", need="recommended"),
    GuideRow(key="email", scim_path='emails[type eq "work"].value', need="recommended"),
    GuideRow(key="department", scim_path=f"{ENTERPRISE}:department", need="recommended"),
    GuideRow(key="manager", scim_path=f"{ENTERPRISE}:manager", need="recommended"),
    GuideRow(key="givenName", scim_path="name.givenName", need="optional"),
    GuideRow(key="familyName", scim_path="name.familyName", need="optional"),
    GuideRow(key="title", scim_path="title", need="optional"),
    GuideRow(key="employeeNumber", scim_path=f"{ENTERPRISE}:employeeNumber", need="optional"),
    GuideRow(key="mobile", scim_path='phoneNumbers[type eq "mobile"].value', need="optional"),
)

RECOMMENDED: tuple[Field, ...] = tuple(row.key for row in GUIDE if row.need != "optional" and row.key != "active")
"""What every user of a complete mapping has; ``active`` is always known, so it is judged by what was sent."""

_GUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_SHOWN = 1
"""Characters of a masked word that stay."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """In how many of so many users each attribute was seen, with a masked sample, and what else was striking."""

    user_count: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    samples: dict[str, str] = field(default_factory=dict)
    signs: dict[str, int] = field(default_factory=dict)

    def count(self, key: Field) -> int:
        """Return in how many users the attribute was seen."""
        return self.seen.get(key, 0)

    def sign(self, sign: Sign) -> int:
        """Return of how many users this is true."""
        return self.signs.get(sign, 0)

    @property
    def missing(self) -> tuple[Field, ...]:
        """What some user lacks of what is required or recommended."""
        return tuple(key for key in RECOMMENDED if self.count(key) < self.user_count)


def add_users(tally: Tally, documents: Iterable[JsonObject]) -> Tally:
    """Count these users in, and return the tally."""
    for document in documents:
        tally.user_count += 1
        for key, read in _READERS.items():
            value = read(document)
            if value:
                tally.seen[key] = tally.seen.get(key, 0) + 1
                tally.samples.setdefault(key, masked(value))
        for sign in signs_of(document):
            tally.signs[sign] = tally.signs.get(sign, 0) + 1
    return tally


def signs_of(document: JsonObject) -> list[Sign]:
    """Return what is striking about one user."""
    user_name, external_id = _text(document.get("userName")), _text(document.get("externalId"))
    told: dict[Sign, bool] = {
        "user name plain": "@" not in user_name,
        "user name guid": is_guid(user_name),
        "external id is name": bool(external_id)
        and external_id.casefold() in {user_name.casefold(), user_name.partition("@")[0].casefold()},
        "mail not work": not _work_mail(document) and bool(_any_mail(document)),
        "inactive": document.get("active") is False,
        "manager no id": " " in _manager(document) or "@" in _manager(document),
    }
    return [sign for sign, is_true in told.items() if is_true]


def is_guid(text: str) -> bool:
    """Whether a text is an object id of a directory."""
    return _GUID.fullmatch(text) is not None


def masked(text: str) -> str:
    """Return enough of a value to know its kind, and too little to know the person."""
    if is_guid(text):
        return f"{text[:4]}…"
    name, at, domain = text.partition("@")
    if at:
        return f"{name[:_SHOWN]}•••@{domain[:_SHOWN]}•••.{domain.rpartition('.')[2][:12]}"
    return " ".join(f"{word[:_SHOWN]}•••" for word in text.split()[:3])


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _part(document: JsonObject, name: str, key: str) -> str:
    inner = document.get(name)
    return _text(inner.get(key)) if isinstance(inner, dict) else ""


def _of_type(document: JsonObject, name: str, kind: str | None) -> str:
    """Return the first value of a list whose element is of that type, or of any."""
    elements = document.get(name)
    for element in elements if isinstance(elements, list) else ():
        if isinstance(element, dict) and (kind is None or _text(element.get("type")).lower() == kind):
            return _text(element.get("value"))
    return ""


def _work_mail(document: JsonObject) -> str:
    return _of_type(document, "emails", "work")


def _any_mail(document: JsonObject) -> str:
    return _of_type(document, "emails", None)


def _manager(document: JsonObject) -> str:
    enterprise = document.get(ENTERPRISE)
    return _part(enterprise, "manager", "value") if isinstance(enterprise, dict) else ""


_READERS: Mapping[Field, Callable[[JsonObject], str]] = {
    "userName": lambda user: _text(user.get("userName")),
    "externalId": lambda user: _text(user.get("externalId")),
    "displayName": lambda user: _text(user.get("displayName")),
    "email": _work_mail,
    "department": lambda user: _part(user, ENTERPRISE, "department"),
    "manager": _manager,
    "givenName": lambda user: _part(user, "name", "givenName"),
    "familyName": lambda user: _part(user, "name", "familyName"),
    "title": lambda user: _text(user.get("title")),
    "employeeNumber": lambda user: _part(user, ENTERPRISE, "employeeNumber"),
    "mobile": lambda user: _of_type(user, "phoneNumbers", "mobile"),
}
