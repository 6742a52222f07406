"""What seems to be set up wrongly at the identity provider, judged by what arrived: a pure function of facts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

from directory.attribute_guide import Tally
from directory.client_signs import Sample, client_of, operations_of
from directory.model import JsonObject, JsonValue
from directory.refusal_kinds import RefusalCause
from directory.source_settings import Preset

Mistake = Literal[
    "doubled bearer",
    "not bearer",
    "altered secret",
    "expired secret",
    "wrong path",
    "other client",
    "no user name",
    "user name is id",
    "user name plain",
    "status never sent",
    "everybody inactive",
    "users taken",
    "groups without people",
    "refused network",
    "refused domain",
    "only tests",
    "external id missing",
    "external id is name",
    "display name missing",
    "mail missing",
    "mail not work",
    "department missing",
    "manager missing",
    "manager no id",
    "groups empty",
    "members waiting",
    "nested groups",
    "slowed down",
    "texts for booleans",
]
"""In the order of their gravity: the first keep everything from working, the last are worth knowing."""

MISTAKES: tuple[Mistake, ...] = get_args(Mistake)
Gravity = Literal["bad", "warn", "info"]
_LAST_BAD = MISTAKES.index("groups without people")
_INFOS = frozenset({"texts for booleans", "slowed down", "nested groups"})

REPEATED = 3
"""So many times something must have happened before it is called a pattern."""

IDLE = timedelta(hours=1)
"""Entra's first cycle begins within 40 minutes of Start provisioning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupFacts:
    """All that a diagnosis is made from."""

    preset: Preset
    tally: Tally
    requests: Sequence[Sample]
    """The newest first."""
    refusals: Mapping[RefusalCause, int] = field(default_factory=dict)
    user_count: int = 0
    """From the maintained count: the tally may be from before."""
    group_count: int = 0
    filled_group_count: int = 0
    waiting_count: int = 0
    nested_count: int = 0
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that seems wrong; doors have the words for it."""

    mistake: Mistake
    count: int = 0
    """How many users, requests or groups it was seen in."""
    total: int = 0
    """Of how many."""
    client: Preset | None = None
    """Who really calls."""
    reference: str | None = None
    """A request that shows it."""

    @property
    def gravity(self) -> Gravity:
        """How much it hurts."""
        if self.mistake in _INFOS:
            return "info"
        return "bad" if MISTAKES.index(self.mistake) <= _LAST_BAD else "warn"


Found = Iterator[Finding]


def findings_for(facts: SetupFacts) -> list[Finding]:
    """Return what seems wrong, the gravest first; nothing where nothing arrived yet."""
    found = [finding for judge in _JUDGES for finding in judge(facts)]
    return sorted(found, key=lambda finding: MISTAKES.index(finding.mistake))


def _of_refusals(facts: SetupFacts) -> Found:
    told: tuple[tuple[Mistake, tuple[RefusalCause, ...]], ...] = (
        ("doubled bearer", ("doubled bearer",)),
        ("not bearer", ("not bearer",)),
        ("altered secret", ("altered",)),
        ("expired secret", ("expired", "revoked")),
        ("wrong path", ("wrong path",)),
        ("refused network", ("network",)),
        ("slowed down", ("rate",)),
    )
    for mistake, causes in told:
        if count := sum(facts.refusals.get(cause, 0) for cause in causes):
            yield Finding(mistake=mistake, count=count)


def _of_client(facts: SetupFacts) -> Found:
    client = client_of(facts.requests)
    if client is not None and facts.preset not in {client, "strict"}:
        yield Finding(mistake="other client", client=client)


def _of_requests(facts: SetupFacts) -> Found:
    told: tuple[tuple[Mistake, int, Callable[[Sample], bool]], ...] = (
        ("no user name", 1, lambda one: one.status == 400 and one.detail.startswith("userName is missing")),
        ("refused domain", 1, lambda one: one.status == 400 and "accepts addresses of" in one.detail),
        ("users taken", REPEATED, lambda one: one.status == 409 and _posts(one, "users")),
    )
    for mistake, least, shows in told:
        shown = [one for one in facts.requests if shows(one)]
        if len(shown) >= least:
            yield Finding(mistake=mistake, count=len(shown), total=len(facts.requests), reference=shown[0].reference)
    texts = [one for one in facts.requests if any("arrived as the text" in words for words in one.leniencies)]
    if texts and facts.preset == "entra":
        yield Finding(
            mistake="texts for booleans", count=len(texts), total=len(facts.requests), reference=texts[0].reference
        )


def _of_status(facts: SetupFacts) -> Found:
    creates = [one for one in facts.requests if _posts(one, "users") and one.status == 201]
    told = any(_tells_status(one.body) for one in facts.requests)
    if len(creates) >= REPEATED and not told:
        yield Finding(
            mistake="status never sent", count=len(creates), total=len(creates), reference=creates[0].reference
        )
    inactive = facts.tally.sign("inactive")
    if facts.tally.user_count >= REPEATED and inactive == facts.tally.user_count:
        yield Finding(mistake="everybody inactive", count=inactive, total=facts.tally.user_count)


def _of_names(facts: SetupFacts) -> Found:
    tally = facts.tally
    total = tally.user_count
    if 2 * tally.sign("user name guid") > total:
        yield Finding(mistake="user name is id", count=tally.sign("user name guid"), total=total)
        return  # the same object id as externalId is right
    if 2 * tally.sign("user name plain") > total and tally.count("email"):
        yield Finding(mistake="user name plain", count=tally.sign("user name plain"), total=total)
    if 2 * tally.sign("external id is name") > total:
        yield Finding(mistake="external id is name", count=tally.sign("external id is name"), total=total)


def _of_attributes(facts: SetupFacts) -> Found:
    tally = facts.tally
    total = tally.user_count
    for mistake, key in _MISSING:
        seen = tally.count(key)
        others = tally.sign("mail not work") if mistake == "mail missing" else 0
        # One person without a department is a fact of life; many without one is a mapping that is not there.
        if total and 2 * (seen + others) < total:
            yield Finding(mistake=mistake, count=total - seen - others, total=total)
    if 2 * tally.sign("mail not work") > total:
        yield Finding(mistake="mail not work", count=tally.sign("mail not work"), total=total)
    managers = tally.count("manager")
    if managers and 2 * tally.sign("manager no id") > managers:
        yield Finding(mistake="manager no id", count=tally.sign("manager no id"), total=managers)


def _of_groups(facts: SetupFacts) -> Found:
    if facts.group_count and not facts.user_count:
        yield Finding(mistake="groups without people", count=facts.group_count)
    elif facts.group_count and not facts.filled_group_count:
        yield Finding(mistake="groups empty", count=facts.group_count, total=facts.group_count)
    if facts.waiting_count:
        yield Finding(mistake="members waiting", count=facts.waiting_count)
    if facts.nested_count:
        yield Finding(mistake="nested groups", count=facts.nested_count)


def _of_silence(facts: SetupFacts) -> Found:
    if not facts.requests or facts.user_count or facts.group_count:
        return
    writes = any(one.method != "GET" for one in facts.requests)
    if not writes and facts.now - facts.requests[0].at > IDLE:
        yield Finding(mistake="only tests", count=len(facts.requests), reference=facts.requests[0].reference)


_MISSING: tuple[tuple[Mistake, Literal["externalId", "displayName", "email", "department", "manager"]], ...] = (
    ("external id missing", "externalId"),
    ("display name missing", "displayName"),
    ("mail missing", "email"),
    ("department missing", "department"),
    ("manager missing", "manager"),
)
_JUDGES = (
    _of_refusals,
    _of_client,
    _of_requests,
    _of_status,
    _of_names,
    _of_attributes,
    _of_groups,
    _of_silence,
)


def _posts(one: Sample, kind: str) -> bool:
    return one.method == "POST" and one.path.partition("?")[0].rstrip("/").lower().endswith(f"/{kind}")


def _tells_status(body: JsonObject) -> bool:
    """Whether a body says anything of ``active``: as a key, or as the path or a key of an operation."""
    if any(key.lower() == "active" for key in body):
        return True
    return any(_names_status(one.get("path"), one.get("value")) for one in operations_of(body))


def _names_status(path: JsonValue, value: JsonValue) -> bool:
    if isinstance(path, str) and path.lower() == "active":
        return True
    return isinstance(value, dict) and any(key.lower() == "active" for key in value)
