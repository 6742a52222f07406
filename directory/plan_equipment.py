"""What changes of items and loans come to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from directory.equipment_model import Details, Item, ItemId, ItemState, KeptState, Loan, LoanId, Terms
from directory.errors import InvalidError
from directory.facts import Moment
from directory.ids import new_id
from directory.model import JsonValue, UserId
from directory.names import name_key
from directory.plan import NOTHING, AttributeChange, Change, Event, InsertRow, Plan, UpdateRows, changed_attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """A user as somebody who gets or gives back equipment."""

    user_id: UserId
    label: str
    user_name: str = ""
    """Where it is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """How something comes back: in which condition, and what becomes of it."""

    condition: str = ""
    state: KeptState = "stock"


def new_item(details: Details, state: ItemState, *, moment: Moment) -> Item:
    """Return an item that is not written down yet."""
    return Item(
        item_id=ItemId(new_id(moment.at)),
        tenant_id=moment.by.tenant_id,
        details=details,
        state=state,
        version=1,
        created_at=moment.at,
        modified_at=moment.at,
    )


def state_for(item: Item, wanted: KeptState | None) -> ItemState:
    """Return the state that an item gets.

    Raises:
        InvalidError: somebody has it, so it is checked in first.
    """
    if item.state == "out" and wanted is not None:
        raise InvalidError("state", "cannot be changed while somebody has the item: check it in")
    return wanted or item.state


def check_in_stock(item: Item) -> None:
    """Refuse to give out what is not there.

    Raises:
        InvalidError: somebody has it, or it is retired or lost.
    """
    if item.state == "out":
        raise InvalidError("item", "is with somebody else: check it in first")
    if item.state != "stock":
        raise InvalidError("item", f"is {item.state}: put it back in stock first")


def plan_new_item(item: Item) -> Plan:
    """Plan an item that nobody has seen before."""
    row = InsertRow(
        table="equipment_row",
        values={
            "tenant_id": item.tenant_id,
            "id": item.item_id,
            **_columns(item.details),
            "state": item.state,
            "version": item.version,
            "created_at": item.created_at,
            "modified_at": item.modified_at,
        },
    )
    told = changed_attributes({}, _told(item.details, item.state))
    return Plan(changes=(row,), events=(_item_event("equipment:created", item, told),))


def plan_item_edit(item: Item, details: Details, state: ItemState, *, at: datetime) -> Plan:
    """Plan other details, or another state, of an item; nothing if they are as they were."""
    told = changed_attributes(_told(item.details, item.state), _told(details, state))
    if not told:
        return NOTHING
    after = replace(item, details=details, state=state)
    values = {**_columns(details), "state": state, "version": item.version + 1, "modified_at": at}
    return Plan(
        changes=(UpdateRows(table="equipment_row", values=values, where=_key(item), require=1),),
        events=(_item_event("equipment:changed", after, told),),
    )


def plan_check_out(item: Item, keeper: Keeper, loan_id: LoanId, terms: Terms, *, moment: Moment) -> Plan:
    """Plan that a user gets an item that nobody has."""
    row = InsertRow(
        table="loan_row",
        values={
            "tenant_id": item.tenant_id,
            "id": loan_id,
            "item_id": item.item_id,
            "user_id": keeper.user_id,
            "out_at": moment.at,
            "out_by": moment.by.label,
            "due_at": terms.due_at,
            "condition_out": terms.condition,
            "note": terms.note,
        },
    )
    said = {
        "item": item_words(item),
        "due": None if terms.due_at is None else terms.due_at.isoformat(),
        "condition": terms.condition or None,
        "note": terms.note or None,
    }
    told = _user_event("user:equipment:out", keeper, changed_attributes({}, said))
    return Plan(changes=(row, _state(item, "out", moment.at)), events=(told,))


def plan_check_in(
    item: Item, loan: Loan, keeper: Keeper, given: HandIn, *, moment: Moment, closes: UUID | None = None
) -> Plan:
    """Plan that an item is back, or given up as lost; ``closes`` is the return task that this fulfils."""
    returned = {"returned_at": moment.at, "returned_by": moment.by.label, "condition_in": given.condition}
    where: dict[str, object] = {"tenant_id": item.tenant_id, "id": loan.loan_id, "returned_at": None}
    back = UpdateRows(table="loan_row", values=returned, where=where, require=1)
    told = [AttributeChange(name="item", old=item_words(item), new=None)]
    if given.condition:
        told.append(AttributeChange(name="condition", old=loan.condition_out or None, new=given.condition))
    if given.state != "stock":
        told.append(AttributeChange(name="state", old="out", new=given.state))
    events = [_user_event("user:equipment:in", keeper, tuple(told))]
    closing: tuple[Change, ...] = ()
    if closes is not None:
        done = {"closed_at": moment.at, "outcome": "returned"}
        open_task = {"tenant_id": item.tenant_id, "id": closes, "closed_at": None}
        closing = (UpdateRows(table="return_task_row", values=done, where=open_task),)
        events.append(_user_event("user:return:done", keeper, ()))
    return Plan(changes=(back, _state(item, given.state, moment.at), *closing), events=tuple(events))


def plan_new_terms(item: Item, loan: Loan, keeper: Keeper, due_at: datetime | None) -> Plan:
    """Plan another day on which an item is due; nothing if it is the same."""
    if due_at == loan.due_at:
        return NOTHING
    where = {"tenant_id": item.tenant_id, "id": loan.loan_id, "returned_at": None}
    told = (
        AttributeChange(name="item", old=item_words(item), new=item_words(item)),
        AttributeChange(name="due", old=_iso(loan.due_at), new=_iso(due_at)),
    )
    return Plan(
        changes=(UpdateRows(table="loan_row", values={"due_at": due_at}, where=where, require=1),),
        events=(_user_event("user:equipment:due", keeper, told),),
    )


def item_words(item: Item) -> str:
    """Return how an item is called in records: by tag and name."""
    return f"{item.details.tag} {item.details.name}"


def _columns(details: Details) -> dict[str, object]:
    return {
        "tag": details.tag,
        "tag_key": name_key(details.tag),
        "name": details.name,
        "category": details.category,
        "category_key": name_key(details.category),
        "serial": details.serial,
        "value_minor": None if details.value is None else details.value.minor,
        "currency": None if details.value is None else details.value.currency,
        "note": details.note,
        "words": details.words,
    }


def _told(details: Details, state: ItemState) -> Mapping[str, JsonValue]:
    said: dict[str, JsonValue] = {
        "tag": details.tag,
        "name": details.name,
        "category": details.category,
        "serial": details.serial,
        "value": None if details.value is None else str(details.value),
        "note": details.note,
        "state": state,
    }
    return {name: value for name, value in said.items() if value}


def _state(item: Item, state: ItemState, at: datetime) -> UpdateRows:
    values = {"state": state, "version": item.version + 1, "modified_at": at}
    return UpdateRows(table="equipment_row", values=values, where=_key(item), require=1)


def _key(item: Item) -> dict[str, object]:
    return {"tenant_id": item.tenant_id, "id": item.item_id, "version": item.version}


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _item_event(action: str, item: Item, changes: tuple[AttributeChange, ...]) -> Event:
    return Event(
        action=action,
        subject_kind="equipment",
        subject_id=item.item_id,
        subject_label=item_words(item),
        changes=changes,
    )


def _user_event(action: str, keeper: Keeper, changes: tuple[AttributeChange, ...]) -> Event:
    return Event(
        action=action, subject_kind="user", subject_id=keeper.user_id, subject_label=keeper.label, changes=changes
    )
