"""What planning and applying of one pull stand on: its source, its run, and what its streams said."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from directory.meetings import OnMatch
from directory.model import Actor, SourceId, TenantId
from directory.pull_run import OverLimits, PullRun, RunId
from directory.pulls.model import PullSource, Run
from directory.store import access
from directory.store.pulls.progress import list_streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One pull whose streams have ended."""

    source: PullSource
    run: Run
    by: Actor
    whole_users: bool
    """Whether the pull gave all users there are."""
    whole_groups: bool
    """Likewise all groups, with their members."""
    scoped: bool
    """Whether the pull found out who is assigned: whoever is not is out of scope."""
    expands: bool
    """Whether members of groups in a group are members of that group."""
    on_match: OnMatch = "queue"

    @property
    def tenant_id(self) -> TenantId:
        """The tenant of the source."""
        return self.source.tenant_id

    @property
    def source_id(self) -> SourceId:
        """The source that is pulled."""
        return self.source.source_id

    @property
    def run_id(self) -> RunId:
        """The run that this is."""
        return self.run.run_id

    @property
    def of_run(self) -> RunId | None:
        """The run whose objects alone are meant; None: all that wait to be applied."""
        return self.run.run_id if self.run.kind == "one" else None


async def read_ground(source: PullSource, run: Run) -> Ground:
    """Return what a run stands on once all its streams have ended: by its cursors, and by how the source is set."""
    whole_by_stream = await list_streams(run.tenant_id, run.source_id, run.run_id)
    stored = await access.find_source(source.tenant_id, source.source_id)
    return Ground(
        source=source,
        run=run,
        by=pull_actor(source, run),
        whole_users=whole_by_stream.get("users", False),
        whole_groups=whole_by_stream.get("groups", False),
        scoped="scope" in whole_by_stream,
        expands=source.config.get("nested") == "transitive",
        on_match="queue" if stored is None else stored.settings.on_match,
    )


def pull_actor(source: PullSource, run: Run) -> Actor:
    """Return the source as the one who causes what a run changes."""
    return Actor(
        tenant_id=source.tenant_id,
        kind="source",
        label=f"{source.label} (pull)",
        source_id=source.source_id,
        run=PullRun(run_id=run.run_id, over=over_from(run.why)),
    )


def judged_ground(ground: Ground, why: Mapping[str, list[int]], *, active_count: int) -> Ground:
    """Return the ground of a run that was found to be beyond the guard in these measures, of so many active users."""
    run = PullRun(run_id=ground.run_id, over=over_from(why), active_count=active_count)
    return replace(ground, by=replace(ground.by, run=run))


def over_from(why: Mapping[str, list[int]]) -> OverLimits:
    """Return the measures in which a run is beyond the guard, from how they are stored."""
    return OverLimits(users=_numbers(why.get("users")), roles=_numbers(why.get("roles")))


def _numbers(stored: list[int] | None) -> tuple[int, int, int] | None:
    if stored is None:
        return None
    wanted, limit, spent = stored
    return wanted, limit, spent
