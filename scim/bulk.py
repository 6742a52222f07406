"""Bulk: many operations in one request, each as if it had come alone (RFC 7644 section 3.7).

Each operation is a change of its own, with a request record and a reference of its own: what it changed and why it
failed is found in the portal as if it had been sent alone. They run one after the other, what is referred to first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from directory.edits import Expect
from directory.errors import DirectoryError
from directory.model import JsonObject, JsonValue
from directory.traffic import note_request
from scim.bodies import is_large, read_json, run
from scim.bulk_plan import BulkOperation, plan_bulk, resolved
from scim.errors import (
    InvalidSyntaxError,
    NoResourceError,
    ScimError,
    UnresolvedError,
    WrongMethodError,
    from_directory,
)
from scim.gate import Exchange, part_of
from scim.groups import GROUPS
from scim.kinds import Kind, Outcome, Sent
from scim.record import redacted
from scim.resources import etag_of
from scim.responses import Answer, error_resource, expectation, json_answer
from scim.users import USERS

RESPONSE_URN = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
PATH = "/Bulk"

_KINDS: Mapping[str, Kind] = {"users": USERS, "groups": GROUPS}


@dataclass(slots=True)
class _Progress:
    """What came of the operations so far: their answers by place in the request, and ids by bulkId."""

    answers: dict[int, JsonObject] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    failed_count: int = 0


async def run_bulk(exchange: Exchange, _ident: str) -> Answer:
    """Do the operations of a Bulk request, until as many failed as ``failOnErrors`` says."""
    body = await read_json(exchange.request)
    plan = await run(lambda: plan_bulk(body, exchange.reading), on_thread=await is_large(exchange.request))
    progress = _Progress()
    for operation in plan.operations:
        await _perform(exchange, operation, progress, circular=operation.at in plan.circular)
        if plan.fail_on_errors is not None and progress.failed_count >= plan.fail_on_errors:
            break
    answers: list[JsonValue] = [progress.answers[at] for at in sorted(progress.answers)]
    exchange.draft.request_body = redacted({"Operations": len(plan.operations), "failed": progress.failed_count})
    return json_answer({"schemas": [RESPONSE_URN], "Operations": answers})


async def _perform(exchange: Exchange, operation: BulkOperation, progress: _Progress, *, circular: bool) -> None:
    """Do one operation as a request of its own, and keep its answer."""
    own = part_of(exchange, f"#{operation.at + 1} {operation.path}", method=operation.method)
    told: JsonObject = {"method": operation.method}
    if operation.bulk_id is not None:
        told["bulkId"] = operation.bulk_id
    try:
        if circular:
            raise UnresolvedError(
                "The operation waits for another one that waits for it. Create the resources first and refer to "
                "each other afterwards, with PATCH."
            )
        outcome = await _outcome(own, operation, progress.known)
        own.draft.status = outcome.status
        told |= _success(outcome)
        if operation.bulk_id is not None and operation.method == "POST" and outcome.location is not None:
            progress.known[operation.bulk_id] = outcome.location.rpartition("/")[2]
    except (ScimError, DirectoryError) as error:
        worded = error if isinstance(error, ScimError) else from_directory(error)
        own.draft.status, own.draft.scim_type, own.draft.detail = worded.status, worded.scim_type, worded.detail
        told |= {"status": str(worded.status), "response": error_resource(worded, own.draft.reference)}
        if operation.method != "POST":
            told["location"] = f"{exchange.base_url}/{operation.path.strip('/')}"
        progress.failed_count += 1
    finally:
        note_request(own.draft)
    progress.answers[operation.at] = told


def _success(outcome: Outcome) -> JsonObject:
    told: JsonObject = {"status": str(outcome.status)}
    if outcome.location is not None:
        told["location"] = outcome.location
    if outcome.version is not None:
        told["version"] = etag_of(outcome.version)
    return told


async def _outcome(own: Exchange, operation: BulkOperation, known: Mapping[str, str]) -> Outcome:
    path = str(resolved(operation.path, known))
    kind, ident = _addressed(path.removeprefix(own.base_url))
    expect: Expect = expectation(operation.version)
    if operation.method == "DELETE":
        if ident is None:
            raise _unknown(operation)
        outcome = await kind.delete(own, ident, expect)
        return Outcome(outcome.status, location=f"{own.base_url}{kind.names.resource_type.endpoint}/{ident}")
    data = resolved(operation.data, known)
    own.draft.request_body = redacted(data)
    if not isinstance(data, dict):
        raise InvalidSyntaxError(f"The operation {operation.method} has no data. Send the body as an object in data.")
    sent = Sent(data, expect=expect, silent=True)
    if operation.method == "POST":
        return await _created(own, operation, kind, ident, sent)
    if ident is None:
        raise _unknown(operation)
    deed = kind.replace if operation.method == "PUT" else kind.patch
    return await deed(own, ident, sent)


async def _created(own: Exchange, operation: BulkOperation, kind: Kind, ident: str | None, sent: Sent) -> Outcome:
    if ident is not None:
        raise _unknown(operation)
    if operation.bulk_id is None:
        own.reading.tolerate("A POST arrived without bulkId", InvalidSyntaxError)
    return await kind.create(own, sent)


def _addressed(path: str) -> tuple[Kind, str | None]:
    """Return the resource type and the id that a path names."""
    head, _, ident = path.strip("/").partition("/")
    kind = _KINDS.get(head.lower())
    if kind is None or "/" in ident:
        raise NoResourceError(f"There is no endpoint {path[:200]} for an operation. Use /Users or /Groups.")
    return kind, ident or None


def _unknown(operation: BulkOperation) -> WrongMethodError:
    return WrongMethodError(f"{operation.path[:200]} does not know the method {operation.method}.")
