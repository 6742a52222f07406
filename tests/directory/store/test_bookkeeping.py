"""Times of last use are written in one order, whoever writes them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from directory import secret_keys, sources
from directory.model import SecretId
from directory.store.bookkeeping import SecretUse, stamp_uses
from directory.store.unit import Engine, in_unit
from tests.directory.world import World

pytestmark = pytest.mark.anyio


async def test_sources_are_stamped_once_over_in_the_order_of_their_ids_and_before_secrets(
    world: World, store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id, at = world.tenant.tenant_id, world.now
    others = [
        await sources.create_source(kind="scim", preset="okta", label=f"Okta {n}", by=world.system, now=world.tick())
        for n in range(2)
    ]
    source_ids = sorted(source.source_id for source in (world.source, *others))
    uses = [
        SecretUse(tenant_id, source_id, SecretId(UUID(int=9 - number)), at, "", "")
        for number, source_id in enumerate((source_ids[2], source_ids[0]))
    ]
    stamped: list[object] = []
    execute = store.execute

    async def noted(sql: str, args: Sequence[Any] = (), **how: Any) -> int:  # noqa: ANN401  # as the engine
        stamped.append(UUID(str(args[1])))
        return await execute(sql, args, **how)

    monkeypatch.setattr(store, "execute", noted)
    changes = [(tenant_id, source_id, at) for source_id in reversed(source_ids)]
    await in_unit(None, lambda: stamp_uses(uses, changes))

    first, second, third = source_ids
    assert stamped == [first, first, second, third, third, UUID(int=8), UUID(int=9)]


async def test_an_older_time_never_replaces_a_newer_one(world: World) -> None:
    tenant_id, source_id = world.tenant.tenant_id, world.source.source_id
    issued = await secret_keys.issue_secret(source_id, label="First", by=world.system, now=world.tick())
    newer, older = world.now + timedelta(minutes=2), world.now + timedelta(minutes=1)
    for at in (newer, older):
        use = SecretUse(tenant_id, source_id, issued.secret.secret_id, at, "", "")
        await in_unit(None, lambda use=use: stamp_uses([use], [(tenant_id, source_id, use.at)]))  # type: ignore[misc]  # bound at once
    source = await sources.get_source(tenant_id, source_id)
    assert (source.last_request_at, source.last_change_at) == (newer, newer)
