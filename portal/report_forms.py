"""The form of a schedule: its fields to terms, and terms to fields."""

import re
from collections.abc import Sequence
from uuid import UUID

from directory.report_shapes import TEXT_CHARS_MAX, Report
from directory.rhythms import EVERY, MONTH_DAYS_MAX, Rhythm
from directory.schedule_values import NAME_CHARS_MAX, Recipient, Schedule, Terms, addresses_in
from portal.forms import Form

ZONE_CHARS_MAX = 64
ADDRESSES_CHARS_MAX = 6_000
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(:00)?")
DAYS = tuple(str(day) for day in range(7))


def terms_from(form: Form, report: Report, picked: Sequence[UUID]) -> Terms:
    """Return what a form says; what is wrong with it is noted in the form."""
    rhythm = Rhythm(
        every=form.choice("every", EVERY),
        minute=minute_in(form),
        zone=form.text("zone", chars_max=ZONE_CHARS_MAX),
        weekday=int(form.choice("weekday", DAYS)),
        month_day=form.number("month_day", low=1, high=MONTH_DAYS_MAX),
    )
    name = form.text("name", chars_max=NAME_CHARS_MAX)
    typed = form.fields.get("addresses", "")
    if len(typed) > ADDRESSES_CHARS_MAX:
        form.errors["addresses"] = "These are too many addresses: use a mailing list."
        typed = ""
    options = {
        option.name: form.choice(option.name, [value for value, _ in option.choices])
        if option.choices
        else form.text(option.name, required=False, chars_max=TEXT_CHARS_MAX)
        for option in report.options
    }
    return Terms(
        name=name,
        report=report.key,
        options=options,
        rhythm=rhythm,
        recipients=[*(Recipient(user_id=user_id) for user_id in picked), *addresses_in(typed)],
        skips_empty=form.flag("skips_empty"),
    )


def minute_in(form: Form) -> int:
    """Return the minute of the day that the field ``time`` says, as ``06:30``."""
    found = _TIME.fullmatch(form.fields.get("time", "").strip())
    if found is None:
        form.errors["time"] = "Enter a time as hours and minutes, such as 06:30."
        return 0
    return int(found[1]) * 60 + int(found[2])


def fields_of(schedule: Schedule) -> dict[str, str]:
    """Return the fields that say what a schedule says."""
    terms, rhythm = schedule.terms, schedule.terms.rhythm
    return {
        **terms.options,
        "name": terms.name,
        "every": rhythm.every,
        "time": f"{rhythm.minute // 60:02}:{rhythm.minute % 60:02}",
        "zone": rhythm.zone,
        "weekday": str(rhythm.weekday),
        "month_day": str(rhythm.month_day),
        "addresses": "\n".join(one.address for one in terms.recipients if one.user_id is None),
        "skips_empty": "yes" if terms.skips_empty else "",
        "version": str(schedule.version),
    }
