"""Where we answer otherwise than scim2-server, and why; docs/scim-divergences.md lists the same."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.scim.conformance.oracle import Answer
from tests.scim.conformance.twins import Request


@dataclass(frozen=True, slots=True)
class Decision:
    """A difference that is meant."""

    name: str
    reason: str
    explains: Callable[[Request, Answer, Answer], bool]


def _scim_types(ours: Answer, theirs: Answer) -> tuple[str | None, str | None]:
    return ours.body.get("scimType"), theirs.body.get("scimType")


def _both_refuse(ours: Answer, theirs: Answer) -> bool:
    return ours.status == theirs.status and 400 <= ours.status < 500


def _unknown_op(request: Request, ours: Answer, theirs: Answer) -> bool:
    is_bogus = request.body is not None and b'"bogus"' in request.body
    return is_bogus and _both_refuse(ours, theirs) and _scim_types(ours, theirs) == ("invalidSyntax", "invalidValue")


def _absent_status(request: Request, ours: Answer, theirs: Answer) -> bool:
    return (
        request.method in {"POST", "PUT"}
        and request.body is not None
        and b'"active"' not in request.body
        and ours.status == theirs.status < 300
        and {key: part for key, part in ours.body.items() if key != "active"} == theirs.body
    )


def _message_first(request: Request, ours: Answer, theirs: Answer) -> bool:
    return request.method == "PATCH" and (ours.status, theirs.status) == (400, 404)


def _empty_text(request: Request, ours: Answer, theirs: Answer) -> bool:
    return request.body is not None and b'"userName": ""' in request.body and (ours.status, theirs.status) == (400, 201)


def _same_element(request: Request, ours: Answer, theirs: Answer) -> bool:
    if request.body is None or b'"path": "emails"' not in request.body or not ours.status == theirs.status == 200:
        return False
    mine, other = ({(one["type"], one["value"]) for one in side.body.get("emails", [])} for side in (ours, theirs))
    rest = ({key: part for key, part in side.body.items() if key != "emails"} for side in (ours, theirs))
    return mine == other and next(rest) == next(rest) and len(ours.body["emails"]) < len(theirs.body["emails"])


def _deleted_member(request: Request, ours: Answer, theirs: Answer) -> bool:
    if "/Groups" not in request.path or not ours.status == theirs.status == 200:
        return False
    pairs = zip(_resources(ours), _resources(theirs), strict=False)
    return all(
        {**mine, "members": None} == {**other, "members": None}
        and set(mine.get("members", [])) <= set(other.get("members", []))
        for mine, other in pairs
    ) and len(_resources(ours)) == len(_resources(theirs))


def _resources(answer: Answer) -> list[dict[str, Any]]:
    found = answer.body.get("Resources", [answer.body])
    return sorted(found, key=lambda one: str(one.get("id")))


COMPUTED_REFERENCES = (
    "`groups` of a user, and `display`, `type` and `$ref` of a member, are computed; there they are what a client sent"
)
"""A difference in so many answers that the comparison leaves these parts out."""

DECISIONS = [
    Decision(
        "unknown_op",
        "an unknown `op` makes the message another one than RFC 7644 section 3.5.2 describes: `invalidSyntax`",
        _unknown_op,
    ),
    Decision(
        "absent_status",
        "a user without `active` is stored as active, and a PUT without it leaves it: access never hangs on an absence",
        _absent_status,
    ),
    Decision(
        "message_first",
        "a PATCH that cannot be read is 400 whether or not there is such a resource",
        _message_first,
    ),
    Decision("deleted_member", "who is deleted is in no group any more", _deleted_member),
    Decision(
        "empty_text", 'a text `""` is no value (RFC 7643 section 2.5), so a required attribute is missing', _empty_text
    ),
    Decision(
        "same_element",
        "an element that is there, but for `primary`, is not added a second time",
        _same_element,
    ),
]
