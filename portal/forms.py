"""Posted forms and addresses to values, or to errors by field."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import TypeVar
from uuid import UUID

from directory.errors import NotFoundError
from portal.visit import PortalRequest, form_fields

ChoiceT = TypeVar("ChoiceT", bound=str)


class Form:
    """The fields of one form, and what is wrong with them.

    Each reader returns a usable value; when the field is wrong it notes why in ``errors`` under the field's name.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = fields
        self.errors: dict[str, str] = {}

    def text(self, name: str, *, chars_max: int, required: bool = True) -> str:
        """Return one line of text without spaces around it."""
        value = self.fields.get(name, "").strip()
        if required and not value:
            self.errors[name] = "Enter a value."
        elif len(value) > chars_max:
            self.errors[name] = f"Use at most {chars_max} characters."
        elif not value.isprintable():
            self.errors[name] = "Remove the characters that cannot be printed."
        return value

    def choice(self, name: str, allowed: Sequence[ChoiceT]) -> ChoiceT:
        """Return one of ``allowed``."""
        value = self.fields.get(name, "")
        for option in allowed:
            if option == value:
                return option
        self.errors[name] = "Choose one of the options."
        return allowed[0]

    def ident(self, name: str) -> UUID:
        """Return an id."""
        found = parse_uuid(self.fields.get(name, ""))
        if found is None:
            self.errors[name] = "Choose one of the options."
            return UUID(int=0)
        return found

    def number(self, name: str, *, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``."""
        text = self.fields.get(name, "").strip()
        if text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high:
            return int(text)
        self.errors[name] = f"Enter a whole number from {low} to {high}."
        return low

    def flag(self, name: str) -> bool:
        """Return whether a box is ticked."""
        return self.fields.get(name) == "yes"

    def end_of_day(self, name: str, *, after: datetime) -> datetime | None:
        """Return the last moment (UTC) of a day to come, or None when the field is empty."""
        text = self.fields.get(name, "").strip()
        if not text:
            return None
        try:
            until = datetime.combine(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC), time.max, tzinfo=UTC)
        except ValueError:
            self.errors[name] = "Enter a date as year-month-day, such as 2026-01-31."
            return None
        if until <= after:
            self.errors[name] = "Choose a day that is not over."
        return until


async def read_form(request: PortalRequest) -> Form:
    """Return the posted form; the guard has checked its origin and token."""
    return Form(await form_fields(request))


def path_uuid(request: PortalRequest, name: str) -> UUID:
    """Return the id in the address.

    Raises:
        NotFoundError: it is no id, so nothing is there.
    """
    text = str(request.path_params[name])
    found = parse_uuid(text)
    if found is None:
        raise NotFoundError("page", text)
    return found


def parse_uuid(text: str) -> UUID | None:
    """Return an id in its one spelling, or None; ``uuid.UUID`` alone accepts braces and prefixes."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None
