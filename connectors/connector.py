"""What a connector is: how it is described, checked, pulled from and asked for one person."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Literal, Protocol

import msgspec

from connectors.attribute_rules import Rules
from connectors.errors import Kind
from connectors.records import Done, Page, Record
from connectors.terms import Network, Terms

Mode = Literal["delta", "full"]
Outcome = Literal["passed", "warned", "failed", "skipped"]


class Secrets(Mapping[str, str]):
    """Credentials by name; they show themselves to nobody who does not ask for one."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self._values)})"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried, in words that an administrator can act on."""

    key: str = ""
    """``credentials``, ``permissions``, ``directory``, ``users``, ``groups``, ``members``, ``scope``, …"""
    words: str = ""
    outcome: Outcome
    detail: str = ""
    remedy: str = ""
    missing: tuple[str, ...] = ()
    """The exact permissions that are missing, as the provider's console names them."""
    latency_ms: int = 0
    kind: Kind | None = None
    """Of a step that failed by an error: of which kind it was."""


class Preflight(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a pull would work, step by step. Nothing was written anywhere."""

    steps: tuple[Step, ...]
    identity: str | None = None
    """The directory that answered; a pull from another one than before is to be held."""
    identity_name: str = ""
    users: int | None = None
    groups: int | None = None
    credential_expires_at: datetime | None = None

    @property
    def passed(self) -> bool:
        """Whether a pull may begin."""
        return all(step.outcome != "failed" for step in self.steps)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One person asked for by name: connect, find, in scope. Matching and deciding are the directory's."""

    steps: tuple[Step, ...]
    record: Record | None = None
    groups: tuple[str, ...] = ()
    """The groups that have the user directly, by the source's ids."""
    in_scope: bool = False


class Connector(Protocol):
    """A connection to one directory elsewhere, for one pull or one check; close it afterwards.

    Everything but ``preflight`` and ``find_user``, which put words to them, may raise SourceError at any point.
    """

    def stages(self, mode: Mode) -> tuple[tuple[str, ...], ...]:
        """Give the streams of a pull: stages follow each other, the streams of a stage may be pulled side by side.

        ``scope`` says who is assigned; it is there only where that decides who is meant.
        """

    def pages(self, stream: str, cursor: str | None) -> AsyncIterator[Page | Done]:
        """Give a stream: pages and at the very end one Done; anything else is an error that raises.

        Without ``cursor`` from the start; with a page's ``resume`` from behind that page; with a Done's
        ``checkpoint`` what changed since.

        Raises:
            SourceError: of kind ``cursor_expired`` when the stream has to be pulled from the start.
        """

    async def preflight(self, now: datetime) -> Preflight:
        """Try everything that a pull needs."""

    async def find_user(self, key: str) -> Finding:
        """Give one person by user name or by the source's id."""

    async def aclose(self) -> None:
        """Close all connections."""


class SecretField(msgspec.Struct, frozen=True):
    """One credential that a form asks for."""

    name: str
    label: str
    multiline: bool = False


def anything_goes(config: msgspec.Struct, network: Network) -> None:
    """Refuse nothing beyond what the type of a configuration does."""


class Late:
    """Makes connectors by a class that is imported at its first use: the provider's library takes seconds and memory.

    ``path`` is its module and name, with a colon between them.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def load(self) -> Callable[[Any, Secrets, Rules, Terms], Connector]:
        """Import the class; on a thread, where an event loop is."""
        module, _, name = self._path.partition(":")
        found: Callable[[Any, Secrets, Rules, Terms], Connector] = getattr(import_module(module), name)
        return found

    def __call__(self, config: Any, secrets: Secrets, rules: Rules, terms: Terms) -> Connector:  # noqa: ANN401 each kind has its own
        """Make a connector of a configuration."""
        return self.load()(config, secrets, rules, terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorKind:
    """What can be connected to: the object that an entry point of the group ``rolebook.connectors`` names."""

    name: str
    """As sources store it: ``graph``, ``okta``."""
    label: str
    config_type: type[msgspec.Struct]
    secret_fields: tuple[SecretField, ...]
    secrets_bound_to: tuple[str, ...]
    """Fields of the configuration that say where credentials go; when one changes, they are forgotten."""
    default_rules: Rules
    connect: Callable[[Any, Secrets, Rules, Terms], Connector]
    """Make a connector of a configuration; nothing is sent yet.

    Raises SourceError of kind ``config``."""
    check_config: Callable[[Any, Network], None] = anything_goes
    """Refuse a configuration that cannot be a connection, from a network; the words of its SourceError begin with the
    field, or are about the first of ``secrets_bound_to``."""
