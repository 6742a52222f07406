"""A tenant that pulls: connectors of ours whose checks say what a test wants them to say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.offered import Offered
from connectors.terms import Network
from directory.model import JsonObject, JsonValue, SourceId
from directory.pulls import sources
from directory.pulls.kinds import Check, CheckStep, PullKind, Trial
from directory.pulls.model import PullMode, PullSource
from tests.directory.world import World

CONFIG: JsonObject = {"tenant": "contoso.example", "client_id": "3e5b7c1a-0000-4000-8000-00000000c1d1"}
SECRET = "GRAPH-SECRET-NEVER-SHOWN-1f7c"
REAL = Offered(network=Network(private_addresses=True))
PASSED = Check(
    steps=(CheckStep(key="credentials", words="Sign in", outcome="passed", detail="by client secret", latency_ms=84),),
    identity="d1",
    identity_name="Contoso",
    users=1204,
    groups=31,
)
"""What a check finds where all is well."""

LACKING = Check(
    steps=(
        CheckStep(key="credentials", words="Sign in", outcome="passed", latency_ms=84),
        CheckStep(
            key="permissions",
            words="Application permissions",
            outcome="failed",
            detail="a permission is missing",
            remedy="Grant GroupMember.Read.All, with admin consent.",
            missing=("GroupMember.Read.All",),
            latency_ms=3,
        ),
        CheckStep(key="users", words="Read users", outcome="skipped"),
    )
)
"""What a check finds where a permission is missing."""


@dataclass
class QuietConnectors:
    """Our connectors, but for checks: these send nothing and find what a test wants them to find."""

    finds: Check = PASSED
    tried: list[Mapping[str, str]] = field(default_factory=list)
    """The credentials that checks were made with."""

    def kinds(self) -> tuple[PullKind, ...]:
        """Return what can be pulled from."""
        return REAL.kinds()

    def get_kind(self, name: str) -> PullKind:
        """Return one kind."""
        return REAL.get_kind(name)

    def checked_config(self, kind: str, config: Mapping[str, JsonValue]) -> JsonObject:
        """Return a configuration as it is stored."""
        return REAL.checked_config(kind, config)

    def checked_rules(self, rules: Sequence[Mapping[str, JsonValue]]) -> tuple[JsonObject, ...]:
        """Return an attribute mapping as it is stored."""
        return REAL.checked_rules(rules)

    def tried_rules(
        self, kind: str, rules: Sequence[Mapping[str, JsonValue]], given: Sequence[Mapping[str, JsonValue]]
    ) -> list[Trial]:
        """Return what rules make of people."""
        return REAL.tried_rules(kind, rules, given)

    def inputs_of(self, given: Sequence[Mapping[str, JsonValue]]) -> tuple[str, ...]:
        """Return the names of what people have."""
        return REAL.inputs_of(given)

    async def check(
        self,
        kind: str,
        config: Mapping[str, JsonValue],
        secrets: Mapping[str, str],
        rules: Sequence[Mapping[str, JsonValue]] | None,
        *,
        now: datetime,
    ) -> Check:
        """Return what was agreed, of a connection that is as it was entered."""
        assert (kind, config["tenant"], rules, now.tzinfo is None) == ("graph", "contoso.example", None, False)
        self.tried.append(secrets)
        return self.finds


async def pulled_source(
    world: World, label: str = "Entra", *, mode: PullMode = "provision", audits: SourceId | None = None
) -> PullSource:
    """Make a connection that is pulled."""
    secrets = {"client_secret": SECRET}
    return await sources.create_pull_source(
        "graph", label, CONFIG, secrets, mode=mode, audits_source_id=audits, by=world.system, now=world.tick()
    )
