"""What the room and the portal need of connectors, without knowing them: the house hands an implementation over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from directory.errors import UnavailableError
from directory.model import JsonObject, JsonValue

Outcome = Literal["passed", "warned", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigField:
    """One field of a configuration, as a form asks for it."""

    name: str
    kind: Literal["text", "choice", "switch", "number"]
    choices: tuple[str, ...] = ()
    default: JsonValue = None
    required: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialField:
    """One credential that a form asks for; it is never shown again."""

    name: str
    label: str
    multiline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PullKind:
    """One kind of directory that can be pulled from."""

    name: str
    label: str
    fields: tuple[ConfigField, ...]
    credentials: tuple[CredentialField, ...]
    bound_to: tuple[str, ...]
    """Fields that say where credentials go: when one changes, they are forgotten."""
    default_rules: tuple[JsonObject, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStep:
    """One thing that was tried, in words that an administrator can act on."""

    key: str
    words: str
    outcome: Outcome
    detail: str = ""
    remedy: str = ""
    missing: tuple[str, ...] = ()
    """The exact permissions that are missing, as the provider's console names them."""
    latency_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a test of a connection found."""

    steps: tuple[CheckStep, ...]
    identity: str | None = None
    identity_name: str = ""
    users: int | None = None
    groups: int | None = None
    credential_expires_at: datetime | None = None

    @property
    def passed(self) -> bool:
        """Whether a pull may begin."""
        return all(step.outcome != "failed" for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What rules make of one object: values by target, or why they make nothing of it."""

    values: dict[str, JsonValue]
    problem: str = ""


class Connectors(Protocol):
    """What connectors offer to those who may not import them. All raise InvalidError with the field that is wrong."""

    def kinds(self) -> tuple[PullKind, ...]:
        """Return what can be pulled from."""

    def get_kind(self, name: str) -> PullKind:
        """Return one kind."""

    def checked_config(self, kind: str, config: Mapping[str, JsonValue]) -> JsonObject:
        """Return a configuration as it is stored; unknown fields and wrong values are refused."""

    def checked_rules(self, rules: Sequence[Mapping[str, JsonValue]]) -> tuple[JsonObject, ...]:
        """Return an attribute mapping as it is stored."""

    def tried_rules(
        self, kind: str, rules: Sequence[Mapping[str, JsonValue]], given: Sequence[Mapping[str, JsonValue]]
    ) -> list[Trial]:
        """Return what an attribute mapping makes of objects as the directory gave them."""

    def inputs_of(self, given: Sequence[Mapping[str, JsonValue]]) -> tuple[str, ...]:
        """Return the names of attributes that objects have, for a form to offer."""

    async def check(
        self,
        kind: str,
        config: Mapping[str, JsonValue],
        secrets: Mapping[str, str],
        rules: Sequence[Mapping[str, JsonValue]] | None,
        *,
        now: datetime,
    ) -> Check:
        """Try all that a pull needs; nothing is written anywhere."""


_offered: list[Connectors] = []


def offer_connectors(connectors: Connectors | None) -> None:
    """Make these the connectors of this process; with None there are none."""
    _offered[:] = [] if connectors is None else [connectors]


def current_connectors() -> Connectors:
    """Return the connectors of this process.

    Raises:
        UnavailableError: there are none.
    """
    if not _offered:
        raise UnavailableError("no connectors are loaded here")
    return _offered[0]
