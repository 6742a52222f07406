"""Runs of a small scripted directory, carried out by hands of ours, and what they come to."""

from collections.abc import Iterator
from contextlib import contextmanager

from directory.leases import LeaseLostError
from directory.pulls.model import Run
from directory.store.compiled import Statement
from directory.store.unit import fenced, fetch
from rolebook.pull_work import carry_out
from tests.directory.world import World
from tests.rolebook.scripted import Directory, Scene

PEOPLE = ["ann", "bob", "cid", "dee", "eve"]
GROUPS = {"crew": ["ann", "bob"], "staff": ["cid", "dee", "eve"]}
_PEOPLE = Statement(
    "SELECT user_name, active FROM user_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND deleted_at IS NULL"
)
_MEMBERS = Statement("SELECT count(*) AS members FROM member_row WHERE tenant_id = $1::uuid AND NOT gone")
_EVENTS = Statement("SELECT action, count(*) AS events FROM event_row WHERE tenant_id = $1::uuid GROUP BY action")
_STAGED = Statement("SELECT count(*) AS staged FROM staged_edge_row WHERE tenant_id = $1::uuid")


def small_directory() -> Directory:
    return Directory(people=list(PEOPLE), groups={name: list(members) for name, members in GROUPS.items()})


async def work(scene: Scene, run: Run) -> Run:
    """Carry a run out, and return how it is then."""
    await carry_out(run.tenant_id, run.run_id, scene.means)
    return await scene.run(run)


async def people_of(scene: Scene) -> dict[str, bool]:
    """Return who of the source is here, and whether active."""
    rows = await fetch(_PEOPLE, scene.world.tenant.tenant_id, scene.source.source_id)
    return {row["user_name"].partition("@")[0]: bool(row["active"]) for row in rows}


async def outcome_of(world: World) -> tuple[dict[str, int], int, int]:
    """Return the events of a tenant by action, its memberships, and what is left of staging."""
    tenant_id = world.tenant.tenant_id
    events = {row["action"]: row["events"] for row in await fetch(_EVENTS, tenant_id)}
    (members,), (staged,) = await fetch(_MEMBERS, tenant_id), await fetch(_STAGED, tenant_id)
    return events, members["members"], staged["staged"]


@contextmanager
def dying_after(count: int) -> Iterator[None]:
    """Let the body make ``count`` units of work, and no more."""
    left = count

    async def live() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise LeaseLostError("pull")

    with fenced(live):
        yield
