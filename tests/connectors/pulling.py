"""What whoever pulls does with pages, in the simplest way: a mirror of the source, and the truth to compare it with."""

from dataclasses import dataclass, field

from connectors.connector import Connector
from connectors.errors import SourceError
from connectors.pull import each_page
from connectors.records import Done, Edge, Page, Record, Reject
from connectors.terms import Network, Terms, Wait
from directory.model import JsonValue
from tests.fakes.web import client_tls

Values = dict[str, JsonValue]


@dataclass(slots=True)
class HurriedClock:
    """A clock on which waits take no time but are kept."""

    now: float = 1_000_000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def jitter(self, most: float) -> float:
        return most / 2


@dataclass(slots=True)
class Kept:
    """Progress that keeps what it was told."""

    waits: list[Wait] = field(default_factory=list)
    requests: int = 0

    def waiting(self, wait: Wait) -> None:
        self.waits.append(wait)

    def requested(self) -> None:
        self.requests += 1


def hurried_terms(clock: HurriedClock | None = None, *, body_bytes_max: int = 8 << 20) -> Terms:
    """Give terms under which a fake is pulled: it is trusted, and waits take no time."""
    network = Network(tls=client_tls(), private_addresses=True, timeout_s=10, body_bytes_max=body_bytes_max)
    return Terms(network=network, progress=Kept(), clock=clock or HurriedClock())


@dataclass(slots=True)
class Mirror:
    """What has been pulled so far, as a directory would keep it."""

    users: dict[str, Values] = field(default_factory=dict)
    groups: dict[str, Values] = field(default_factory=dict)
    edges: set[tuple[str, str]] = field(default_factory=set)
    nested: set[tuple[str, str]] = field(default_factory=set)
    binned: set[str] = field(default_factory=set)
    checkpoints: dict[str, str | None] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    pages: int = 0

    async def pull(self, connector: Connector, *streams: str) -> None:
        """Pull streams from where they were."""
        for stream in streams:
            await self.pull_stream(connector, stream, self.checkpoints.get(stream))

    async def pull_stream(self, connector: Connector, stream: str, cursor: str | None) -> None:
        """Pull one stream; nobody is removed and no checkpoint moves unless it comes to its end."""
        staged: list[Page] = []
        async for item in each_page(connector, stream, cursor):
            if isinstance(item, Done):
                self.apply(stream, staged, item)
            else:
                staged.append(item)

    async def pull_anew_if_expired(self, connector: Connector, *streams: str) -> None:
        """Pull, and from the start where the source has forgotten us."""
        for stream in streams:
            try:
                await self.pull(connector, stream)
            except SourceError as error:
                if error.kind != "cursor_expired":
                    raise
                self.checkpoints[stream] = None
                await self.pull(connector, stream)

    def apply(self, stream: str, staged: list[Page], done: Done) -> None:
        """Take over what a stream gave."""
        if done.whole:
            self._forget(stream)
        complete = {group for page in staged for group in page.complete_groups}
        self.edges = {one for one in self.edges if one[0] not in complete}
        for page in staged:
            self.take(page)
        self.pages += len(staged)
        self.checkpoints[stream] = done.checkpoint

    def _forget(self, stream: str) -> None:
        if stream == "users":
            self.users.clear()
            self.binned.clear()
        if stream == "groups":
            self.groups.clear()
            self.edges.clear()
            self.nested.clear()

    def take(self, page: Page) -> None:
        """Take over a page, without asking who is missing."""
        for record in page.records:
            self._take_record(record)
        for edge in page.edges:
            self._take_edge(edge)
        self.rejects += page.rejects

    def _take_record(self, record: Record) -> None:
        kept = self.users if record.kind == "user" else self.groups
        if record.op == "upsert":
            kept[record.ext_id] = kept.get(record.ext_id, {}) | record.values
            self.binned.discard(record.ext_id)
            return
        kept.pop(record.ext_id, None)
        if record.op == "soft_deleted":
            self.binned.add(record.ext_id)
        if record.op == "purged":
            self.edges = {one for one in self.edges if record.ext_id not in one}
            self.nested = {one for one in self.nested if record.ext_id not in one}

    def _take_edge(self, edge: Edge) -> None:
        kept = self.edges if edge.member_kind == "user" else self.nested
        pair = (edge.group, edge.member)
        if edge.op == "add":
            kept.add(pair)
        else:
            kept.discard(pair)

    def seen(self) -> tuple[dict[str, Values], dict[str, Values], set[tuple[str, str]], set[tuple[str, str]]]:
        """Give what is compared: users, groups, members among the users that are there, and groups in groups."""
        edges = {one for one in self.edges if one[1] in self.users}
        return dict(self.users), dict(self.groups), edges, set(self.nested)
