"""Who is in scope: what a run found out about assignments, noted on the people it concerns."""

from directory.commit import in_unit_of
from directory.pulls.ground import Ground
from directory.pulls.model import Run
from directory.pulls.scope import scope_of
from directory.store.pulls import seen as seen_rows
from directory.store.unit import in_unit

SLICE = 1_000


async def settle_scope(ground: Ground) -> None:
    """Note who is assigned and who is no longer; these wait to be applied then.

    Raises:
        RefusedError: nobody at all is assigned, which is no reason to take everybody out.
    """
    meant = await scope_of(ground)
    after = ""
    while scopes := await seen_rows.list_scopes(ground.tenant_id, ground.source_id, after=after, limit=SLICE):
        moved = [ext_id for ext_id, in_scope in scopes.items() if in_scope is not (ext_id in meant)]
        if moved:

            async def body(moved: list[str] = moved) -> None:
                for wanted in (True, False):
                    some = [ext_id for ext_id in moved if (ext_id in meant) is wanted]
                    await seen_rows.set_scope(ground.tenant_id, ground.source_id, some, in_scope=wanted)

            await in_unit_of(ground.by, body)
        after = next(reversed(scopes))


async def widen_scope(ground: Ground) -> None:
    """Take everybody in again whom a run left out, if the source does not go by assignments any more."""
    if ground.source.config.get("scope") == "assigned":  # the run lost its streams while it was under way
        return
    while left_out := await seen_rows.list_out_of_scope(ground.tenant_id, ground.source_id, limit=SLICE):

        async def body(left_out: list[str] = left_out) -> None:
            await seen_rows.set_scope(ground.tenant_id, ground.source_id, left_out, in_scope=True)

        await in_unit_of(ground.by, body)


async def settle_scope_of(run: Run, ext_id: str, *, in_scope: bool) -> None:
    """Note whether the person whom a run is of is assigned."""

    async def body() -> None:
        await seen_rows.set_scope(run.tenant_id, run.source_id, [ext_id], in_scope=in_scope)

    await in_unit(run.tenant_id, body)
