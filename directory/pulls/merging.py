"""What a page says, put on what was said before: a target that is not spoken of stays."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from directory.model import JsonObject, JsonValue
from directory.pulls.model import Seen

EXT_ID_MAX = 200
GIVEN_MAX = 20_000
"""Characters of what rules were given that are kept as a sample."""

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of an object."""

    op: str
    reason: str
    said: str
    hash: str
    applied_hash: str
    pending: bool
    gone: bool
    sampled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What is to be stored of an object."""

    ext_id: str
    op: str
    reason: str
    said: str
    given: str | None
    hash: str
    pending: bool


@dataclass(slots=True)
class Merged:
    """What a page comes to, of one kind of object."""

    words: dict[str, Word] = field(default_factory=dict)
    same: list[str] = field(default_factory=list)
    """Of these nothing else was said than before."""


def merged(page: Iterable[Seen], known: Mapping[str, Known], *, targets: frozenset[str] | None, samples: int) -> Merged:
    """Return what is to be stored of the objects of a page, all of one kind.

    ``targets`` are those that rules speak of by now: others were said by former rules and are forgotten; with None all
    stay. Of up to ``samples`` objects it is kept what the rules were given.
    """
    made = Merged()
    same: dict[str, None] = {}
    for seen in page:
        before = known.get(seen.ext_id)
        earlier = made.words.get(seen.ext_id)
        if before is None and earlier is None and seen.op == "purged":
            continue  # never seen here, and not there any more
        said = _said(seen, earlier.said if earlier else before.said if before else "{}", targets)
        digest = hash_for(seen.op, said)
        if earlier is None and before is not None and _is_same(seen, digest, before):
            same[seen.ext_id] = None
            continue
        given = None
        if samples > 0 and not (before and before.sampled) and earlier is None:
            given = _given_text(seen.given)
            samples -= given is not None
        same.pop(seen.ext_id, None)
        made.words[seen.ext_id] = Word(
            ext_id=seen.ext_id,
            op=seen.op,
            reason=_reason(seen),
            said=said,
            given=given,
            hash=digest,
            pending=before is None or before.pending or before.gone or digest != before.applied_hash,
        )
    made.same = list(same)
    return made


def hash_for(op: str, said: str) -> str:
    """Return a short text that changes with what was said of an object."""
    return hashlib.blake2b(f"{op} {said}".encode(), digest_size=16).hexdigest()


def is_storable(ext_id: str) -> bool:
    """Whether an object can be kept under this id."""
    return 0 < len(ext_id) <= EXT_ID_MAX and is_keepable(ext_id)


def is_keepable(value: JsonValue) -> bool:
    """Whether a database can hold all texts of a value: no NUL (RFC 8259 allows it), and no half of a character."""
    match value:
        case str():
            return "\0" not in value and (value.isascii() or _is_text(value))
        case list():
            return all(map(is_keepable, value))
        case dict():
            return all(is_keepable(name) and is_keepable(one) for name, one in value.items())
        case _:
            return True


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_same(seen: Seen, digest: str, before: Known) -> bool:
    return digest == before.hash and not before.gone and _reason(seen) == before.reason


def _reason(seen: Seen) -> str:
    return seen.reason.replace("\0", "")[:300]


def _said(seen: Seen, before: str, targets: frozenset[str] | None) -> str:
    stays: dict[str, JsonValue] = {} if before == "{}" else _DECODER.decode(before)
    if targets is not None and seen.values:
        stays = {target: value for target, value in stays.items() if target in targets}
    return _ENCODER.encode({**stays, **seen.values}).decode()


def _given_text(given: JsonObject | None) -> str | None:
    if not given:
        return None
    text = msgspec.json.encode(given).decode()
    return text if len(text) <= GIVEN_MAX else None


def storable(ext_ids: Sequence[str]) -> list[str]:
    """Return the ids that something can be kept under."""
    return [ext_id for ext_id in ext_ids if is_storable(ext_id)]
