"""The operations of a Bulk request and the order in which they can run (RFC 7644 section 3.7)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from directory.model import JsonObject, JsonValue
from scim.errors import InvalidSyntaxError, InvalidValueError, TooManyOperationsError, UnresolvedError
from scim.quirks import Reading
from scim.values import kind_of

BULK_URN = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
OPERATIONS_MAX = 1000
BYTES_MAX = 1024 * 1024

_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_REFERENCE = re.compile(r"bulkId:([^\s\"'\[\]/()]+)")


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation as it was sent."""

    at: int
    method: str
    path: str
    bulk_id: str | None
    version: str | None
    data: JsonValue

    @property
    def references(self) -> frozenset[str]:
        """The bulkIds that it refers to, in its path or anywhere in its data."""
        return frozenset(_named_in(self.path) | _named_in(self.data))


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """What is to be done, in an order in which what is referred to comes first, and what cannot be done at all."""

    operations: tuple[BulkOperation, ...]
    circular: frozenset[int]
    """Operations, by their place in the request, that wait for each other."""
    fail_on_errors: int | None


def plan_bulk(body: JsonObject, reading: Reading) -> BulkPlan:
    """Return the operations of a BulkRequest, in the order in which they run.

    Raises:
        InvalidSyntaxError: it is no BulkRequest, or an operation is none.
        InvalidValueError: ``failOnErrors`` is no whole number from 1 on, or a bulkId is used twice.
        TooManyOperationsError: more than is advertised.
    """
    sent = {key.lower(): value for key, value in body.items()}
    schemas = sent.get("schemas")
    if not isinstance(schemas, list) or BULK_URN not in schemas:
        reading.tolerate(f"schemas does not list {BULK_URN}", InvalidSyntaxError)
    entries = sent.get("operations")
    if not isinstance(entries, list) or not entries:
        raise InvalidSyntaxError("Operations is missing or empty; Bulk needs a list of at least one operation.")
    if len(entries) > OPERATIONS_MAX:
        raise TooManyOperationsError(
            f"Operations has {len(entries)} entries and at most {OPERATIONS_MAX} are read. Nothing was changed; "
            "send them in several requests, as ServiceProviderConfig says."
        )
    operations = [_operation(at, entry) for at, entry in enumerate(entries)]
    makers = _makers(operations)
    ordered, circular = _ordered(operations, makers)
    return BulkPlan(ordered, circular, _fail_on_errors(sent.get("failonerrors")))


def _fail_on_errors(value: JsonValue) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidValueError(f"failOnErrors is {kind_of(value)}; it must be a whole number from 1 on.")
    return value


def _operation(at: int, entry: JsonValue) -> BulkOperation:
    if not isinstance(entry, dict):
        raise InvalidSyntaxError(f"Operation {at + 1} is {kind_of(entry)}; it must be an object with method and path.")
    sent = {key.lower(): value for key, value in entry.items()}
    method, path = sent.get("method"), sent.get("path")
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise InvalidSyntaxError(f"Operation {at + 1} has no method: use POST, PUT, PATCH or DELETE.")
    if not isinstance(path, str) or not path:
        raise InvalidSyntaxError(f"Operation {at + 1} has no path: use one such as /Users or /Groups/id.")
    bulk_id, version = sent.get("bulkid"), sent.get("version")
    return BulkOperation(
        at,
        method.upper(),
        path,
        bulk_id if isinstance(bulk_id, str) and bulk_id else None,
        version if isinstance(version, str) else None,
        sent.get("data"),
    )


def _makers(operations: Sequence[BulkOperation]) -> dict[str, int]:
    """Return which operation makes what a bulkId stands for."""
    makers: dict[str, int] = {}
    for operation in operations:
        if operation.bulk_id is None or operation.method != "POST":
            continue
        if operation.bulk_id in makers:
            raise InvalidValueError(f"The bulkId {operation.bulk_id[:80]} is used twice. Give each POST its own.")
        makers[operation.bulk_id] = operation.at
    return makers


def _ordered(
    operations: Sequence[BulkOperation], makers: Mapping[str, int]
) -> tuple[tuple[BulkOperation, ...], frozenset[int]]:
    """Return the operations in an order that has makers first and is else as sent, and those that wait in a circle."""
    needs = {one.at: {makers[name] for name in one.references if name in makers} for one in operations}
    circular: set[int] = set()
    while True:
        sorter = TopologicalSorter(
            {at: sorted(needed - circular) for at, needed in needs.items() if at not in circular}
        )
        try:
            sorter.prepare()
        except CycleError as error:
            circular |= set(error.args[1])
            continue
        break
    ready: list[int] = []
    order: list[int] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        order.append(ready.pop(0))
        sorter.done(order[-1])
    return tuple(operations[at] for at in sorted([*order, *circular], key=_rank(order))), frozenset(circular)


def _rank(order: Sequence[int]) -> Callable[[int], tuple[int, int]]:
    places = {at: place for place, at in enumerate(order)}
    return lambda at: (places.get(at, len(places)), at)


def _named_in(value: JsonValue) -> set[str]:
    if isinstance(value, str):
        return set(_REFERENCE.findall(value)) if "bulkId:" in value else set()
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return set().union(*map(_named_in, parts)) if parts else set()


def resolved(value: JsonValue, known: Mapping[str, str]) -> JsonValue:
    """Return a value with each reference replaced by the id of what it stands for.

    Raises:
        UnresolvedError: nothing was made under that bulkId.
    """
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: _ident(match.group(1), known), value) if "bulkId:" in value else value
    if isinstance(value, dict):
        return {key: resolved(part, known) for key, part in value.items()}
    return [resolved(part, known) for part in value] if isinstance(value, list) else value


def _ident(name: str, known: Mapping[str, str]) -> str:
    if name not in known:
        raise UnresolvedError(
            f"bulkId:{name[:80]} stands for nothing: no POST of this request has that bulkId, or it failed. "
            "Nothing was changed by this operation."
        )
    return known[name]
