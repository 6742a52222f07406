"""What one line of a file of items comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from directory.equipment_csv import Column
from directory.equipment_model import (
    Details,
    Item,
    ItemState,
    Loan,
    LoanId,
    Money,
    Terms,
    checked_details,
    parse_day,
    parse_money,
    plain_text,
)
from directory.errors import InvalidError
from directory.facts import Moment
from directory.ids import new_id
from directory.names import name_key
from directory.plan import NOTHING, Plan, joined_plan
from directory.plan_equipment import (
    Keeper,
    check_in_stock,
    new_item,
    plan_check_out,
    plan_item_edit,
    plan_new_item,
    plan_new_terms,
)

Verdict = Literal["new", "changed", "same", "wrong"]
_STATES: Mapping[str, ItemState] = MappingProxyType(
    {
        "stock": "stock",
        "in stock": "stock",
        "available": "stock",
        "out": "out",
        "on loan": "out",
        "checked out": "out",
        "retired": "retired",
        "archived": "retired",
        "lost": "lost",
        "stolen": "lost",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """What the directory knows of the item of a line."""

    item: Item | None = None
    loan: Loan | None = None
    named: tuple[Keeper, ...] = ()
    """The users whom the line's holder names; one, or the text does not say who is meant."""
    holder: Keeper | None = None
    """Who has the item now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What a line wants, once its cells are read."""

    details: Details
    state: ItemState | None
    """None leaves it; "out" goes with a keeper, or is so already."""
    keeper: Keeper | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a line comes to, and how it is made so."""

    verdict: Verdict
    reason: str = ""
    """What is wrong with it, or what would change."""
    plan: Plan = NOTHING


def outlook_for(cells: Mapping[Column, str], facts: LineFacts, *, moment: Moment) -> Outlook:
    """Return what a line comes to; a column that the file lacks leaves what is there."""
    try:
        plan = _plan(_wish(cells, facts), facts, moment=moment)
    except InvalidError as error:
        return Outlook(verdict="wrong", reason=f"{error.attribute} {error.reason}")
    if not plan:
        return Outlook(verdict="same")
    changes = [change.name for event in plan.events for change in event.changes]
    said = ", ".join(dict.fromkeys("holder" if name == "item" else name for name in changes))
    return Outlook(verdict="new" if facts.item is None else "changed", reason=said, plan=plan)


def _details(cells: Mapping[Column, str], item: Item | None) -> Details:
    before = Details(tag="", name="") if item is None else item.details
    return checked_details(
        Details(
            tag=cells["tag"],
            name=cells["name"],
            category=cells.get("category", before.category),
            serial=cells.get("serial", before.serial),
            value=_value(cells, before.value),
            note=cells.get("note", before.note),
        )
    )


def _value(cells: Mapping[Column, str], before: Money | None) -> Money | None:
    if "value" not in cells:
        return before
    currency = cells.get("currency", "" if before is None else before.currency)
    return parse_money(plain_text("value", cells["value"]), currency)


def _wish(cells: Mapping[Column, str], facts: LineFacts) -> _Wish:
    details, state = _details(cells, facts.item), _state(cells)
    due_at = parse_day("due", cells.get("due", ""))
    text = plain_text("holder", cells.get("holder", ""), chars_max=500)
    if not text:
        if state == "out" and facts.loan is None:
            raise InvalidError("holder", "is needed for an item that is out")
        return _Wish(details=details, state=state, keeper=None, due_at=due_at)
    if state not in {None, "out"}:
        raise InvalidError("state", f"says {state}, and somebody is named who has the item")
    if facts.holder is not None and name_key(text) in {name_key(facts.holder.user_name), str(facts.holder.user_id)}:
        return _Wish(details=details, state="out", keeper=facts.holder, due_at=due_at)  # as our own files say it
    if len(facts.named) != 1:
        problem = "several people" if facts.named else "nobody here"
        raise InvalidError("holder", f"names {problem}: {text[:80]}")
    return _Wish(details=details, state="out", keeper=facts.named[0], due_at=due_at)


def _state(cells: Mapping[Column, str]) -> ItemState | None:
    text = cells.get("state", "").lower()
    if not text:
        return None
    if text not in _STATES:
        raise InvalidError("state", "is none of stock, out, retired and lost")
    return _STATES[text]


def _plan(wish: _Wish, facts: LineFacts, *, moment: Moment) -> Plan:
    kept = None if wish.state == "out" else wish.state
    if facts.item is None:
        item = new_item(wish.details, kept or "stock", moment=moment)
        first = plan_new_item(item)
    else:
        if facts.loan is not None and kept is not None:
            raise InvalidError("state", f"says {kept}, but {_name(facts.holder)} has the item: check it in first")
        item = facts.item
        first = plan_item_edit(item, wish.details, kept or item.state, at=moment.at)
        if first:
            item = replace(item, details=wish.details, state=kept or item.state, version=item.version + 1)
    return joined_plan(first, _lending(item, wish, facts, moment=moment))


def _lending(item: Item, wish: _Wish, facts: LineFacts, *, moment: Moment) -> Plan:
    loan, keeper = facts.loan, wish.keeper
    if loan is not None:
        if keeper is not None and keeper.user_id != loan.user_id:
            raise InvalidError(
                "holder", f"is another one than {_name(facts.holder)}, who has the item: check it in first"
            )
        if wish.due_at is None or facts.holder is None:
            return NOTHING
        return plan_new_terms(item, loan, facts.holder, wish.due_at)
    if keeper is None:
        return NOTHING
    check_in_stock(item)
    return plan_check_out(item, keeper, LoanId(new_id(moment.at)), Terms(due_at=wish.due_at), moment=moment)


def _name(keeper: Keeper | None) -> str:
    return "somebody" if keeper is None else keeper.label
