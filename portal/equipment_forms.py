"""What forms and lists of equipment say, and what is read from them."""

from collections.abc import Mapping
from types import MappingProxyType

from directory.equipment import Due, Holding
from directory.equipment_model import (
    NOTE_CHARS_MAX,
    TAG_CHARS_MAX,
    TEXT_CHARS_MAX,
    Details,
    Item,
    ItemState,
    checked_details,
    parse_money,
)
from directory.errors import InvalidError
from portal.forms import Form

STATE_WORDS: Mapping[ItemState, tuple[str, str]] = MappingProxyType(
    {"stock": ("In stock", "good"), "out": ("Out", "info"), "retired": ("Retired", "off"), "lost": ("Lost", "bad")}
)
"""Each state with the kind of its badge."""

HOLDER_WORDS: Mapping[Holding, str] = MappingProxyType(
    {"active": "Active people", "disabled": "Disabled people", "nobody": "Nobody"}
)
DUE_WORDS: Mapping[Due, str] = MappingProxyType(
    {"overdue": "Overdue", "soon": "Due within 14 days", "none": "Out without a day"}
)


def details_in(form: Form) -> Details | None:
    """Return what a form says of an item; None where it notes errors."""
    tag = form.text("tag", chars_max=TAG_CHARS_MAX)
    name = form.text("name", chars_max=TEXT_CHARS_MAX)
    category = form.text("category", chars_max=80, required=False)
    serial = form.text("serial", chars_max=TEXT_CHARS_MAX, required=False)
    note = form.text("note", chars_max=NOTE_CHARS_MAX, required=False)
    if form.errors:
        return None
    try:
        value = parse_money(form.fields.get("value", ""), form.fields.get("currency", ""))
        return checked_details(Details(tag=tag, name=name, category=category, serial=serial, value=value, note=note))
    except InvalidError as error:
        form.errors[error.attribute] = f"The {error.attribute} {error.reason}."
        return None


def fields_of(item: Item) -> dict[str, str]:
    """Return what a form shows of an item before anybody changes it."""
    details = item.details
    return {
        "tag": details.tag,
        "name": details.name,
        "category": details.category,
        "serial": details.serial,
        "value": "" if details.value is None else details.value.amount,
        "currency": "" if details.value is None else details.value.currency,
        "note": details.note,
        "state": item.state,
        "version": str(item.version),
    }
