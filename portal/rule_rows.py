"""Rules of an attribute mapping as rows of a form: each a target, a way to its value, and one line of text."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

import msgspec

from directory.errors import InvalidError
from directory.model import JsonObject, JsonValue
from directory.person import ENTERPRISE
from portal.forms import Form

RowKind = Literal["direct", "first_of", "constant", "literal", "expression"]
ROW_KINDS: tuple[RowKind, ...] = get_args(RowKind)
KIND_WORDS: Mapping[RowKind, str] = MappingProxyType(
    {
        "direct": "Attribute",
        "first_of": "First that is not empty",
        "constant": "Fixed text",
        "literal": "Fixed yes, no or number",
        "expression": "Expression (CEL)",
    }
)
ROWS_MAX = 60
"""A form has 200 fields at most; a row takes three."""

TARGETS = (
    "userName", "active", "displayName", "name.givenName", "name.familyName", "name.formatted", "title", "nickName",
    "emails[work]", "emails[home]", "phoneNumbers[work]", "phoneNumbers[mobile]", "preferredLanguage", "locale",
    "timezone", "userType", "enterprise:department", "enterprise:division", "enterprise:organization",
    "enterprise:costCenter", "enterprise:employeeNumber", "enterprise:manager",
)  # fmt: skip
"""What a form offers; any other attribute of SCIM can be typed."""

SHORT = "enterprise:"
"""What stands for the name of the enterprise extension (RFC 7643 section 4.3), which no field is wide enough for."""

TARGET_CHARS_MAX = 300
GIVEN_CHARS_MAX = 2_000
LITERALS: Mapping[str, bool] = MappingProxyType({"yes": True, "true": True, "no": False, "false": False})
_DEED = re.compile(r"(up|down|remove):([0-9]{1,2})")
_NUMBER = re.compile(r"-?[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as the form has it."""

    target: str
    kind: RowKind
    given: str


EMPTY_ROW = RuleRow("", "direct", "")


def row_from(rule: Mapping[str, JsonValue]) -> RuleRow:
    """Return the row of a stored rule."""
    target = short_target(str(rule["target"]))
    match rule:
        case {"rule": "first_of", "sources": [*sources]}:
            return RuleRow(target, "first_of", ", ".join(map(str, sources)))
        case {"rule": "constant", "value": bool(value)}:
            return RuleRow(target, "literal", "yes" if value else "no")
        case {"rule": "constant", "value": int(value)}:
            return RuleRow(target, "literal", str(value))
        case {"rule": "constant"}:
            return RuleRow(target, "constant", str(rule.get("value", "")))
        case {"rule": "expression"}:
            return RuleRow(target, "expression", str(rule.get("expression", "")))
        case _:
            return RuleRow(target, "direct", str(rule.get("source", "")))


def rule_from(row: RuleRow) -> JsonObject:
    """Return the rule that a row asks for.

    Raises:
        InvalidError: a fixed value is neither yes nor no nor a number, or nothing was entered.
    """
    if not row.target or not row.given:
        raise InvalidError("rules", f"have a row that is half empty: {row.target or row.given}")
    target = long_target(row.target)
    match row.kind:
        case "first_of":
            names = [name.strip() for name in row.given.split(",")]
            return {"rule": "first_of", "target": target, "sources": [name for name in names if name]}
        case "constant":
            return {"rule": "constant", "target": target, "value": row.given}
        case "literal":
            return {"rule": "constant", "target": target, "value": _literal(row)}
        case "expression":
            return {"rule": "expression", "target": target, "expression": row.given}
        case "direct":
            return {"rule": "direct", "target": target, "source": row.given}


def short_target(target: str) -> str:
    """Return a target as people read it."""
    return target.replace(f"{ENTERPRISE}:", SHORT, 1) if target.startswith(ENTERPRISE) else target


def long_target(target: str) -> str:
    """Return a target as rules name it."""
    return f"{ENTERPRISE}:{target.removeprefix(SHORT)}" if target.startswith(SHORT) else target


def read_rows(form: Form) -> list[RuleRow]:
    """Return the rows of a form in their order; rows that are empty throughout are left out."""
    rows: list[RuleRow] = []
    for place in range(ROWS_MAX):
        if f"target_{place}" not in form.fields:
            break
        row = RuleRow(
            form.text(f"target_{place}", chars_max=TARGET_CHARS_MAX, required=False),
            form.choice(f"kind_{place}", ROW_KINDS),
            form.text(f"given_{place}", chars_max=GIVEN_CHARS_MAX, required=False),
        )
        rows.append(row)
    return rows


def filled(rows: Sequence[RuleRow]) -> list[RuleRow]:
    """Return the rows in which something stands."""
    return [row for row in rows if row.target or row.given]


def edited_rows(rows: Sequence[RuleRow], deed: str) -> list[RuleRow]:
    """Return the rows after one press of a button: ``add``, ``up:3``, ``down:3`` or ``remove:3``."""
    made = list(rows)
    if deed == "add" and len(made) < ROWS_MAX:
        made.append(EMPTY_ROW)
    found = _DEED.fullmatch(deed)
    if found is None or int(found[2]) >= len(made):
        return made
    place = int(found[2])
    row = made.pop(place)
    if found[1] != "remove":
        made.insert(max(place - 1, 0) if found[1] == "up" else place + 1, row)
    return made


def hash_of(rules: Sequence[Mapping[str, JsonValue]]) -> str:
    """Return a short text that tells rules from others, so that what is saved is what was previewed."""
    return hashlib.blake2b(msgspec.json.encode(rules, order="deterministic"), digest_size=16).hexdigest()


def _literal(row: RuleRow) -> bool | int:
    text = row.given.casefold()
    if text in LITERALS:
        return LITERALS[text]
    if _NUMBER.fullmatch(text):
        return int(text)
    raise InvalidError("rules", f"have a fixed value for {row.target} that is neither yes nor no nor a whole number")
