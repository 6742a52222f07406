"""Moves are what turns memberships as they are into those that are wanted, and nothing else."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from directory.model import GroupId, TenantId, UserId
from directory.routes.edge_moves import Place, Standing, moves_for, places_of

TENANTS = [TenantId(UUID(int=at)) for at in (1, 2)]
GROUPS = [GroupId(UUID(int=at)) for at in (11, 12, 13)]
COPIES: dict[Place, GroupId] = {
    (group_id, tenant_id): GroupId(UUID(int=100 * at + place))
    for at, tenant_id in enumerate(TENANTS, 1)
    for place, group_id in enumerate(GROUPS)
}


@st.composite
def standings(draw: st.DrawFn) -> list[Standing]:
    return [
        Standing(
            user_id=UserId(UUID(int=1000 + at)),
            groups=dict.fromkeys(draw(st.sets(st.sampled_from(GROUPS))), "a group"),
            copies={
                tenant_id: UserId(UUID(int=2000 + 10 * at + place))
                for place, tenant_id in enumerate(TENANTS)
                if draw(st.booleans())
            },
        )
        for at in range(draw(st.integers(0, 4)))
    ]


@st.composite
def presents(draw: st.DrawFn, people: list[Standing]) -> dict[TenantId, set[tuple[GroupId, UserId]]]:
    found: dict[TenantId, set[tuple[GroupId, UserId]]] = {}
    for one in people:
        for tenant_id, copy_id in one.copies.items():
            here = [copy for (_, tenant), copy in COPIES.items() if tenant == tenant_id]
            pairs = {(group_id, copy_id) for group_id in draw(st.sets(st.sampled_from(here)))}
            found.setdefault(tenant_id, set()).update(pairs)
    return found


@given(st.data())
def test_moves_make_memberships_as_wanted(data: st.DataObject) -> None:
    people = data.draw(standings())
    present = data.draw(presents(people))
    after = {tenant_id: set(pairs) for tenant_id, pairs in present.items()}

    for move in moves_for(places_of(people), COPIES, present):
        joined = {(move.copy_id, user_id) for user_id in move.join}
        left = {(move.copy_id, user_id) for user_id in move.leave}
        assert bool(joined) != bool(left)
        assert not joined & after[move.tenant_id]
        assert left <= after[move.tenant_id]
        after[move.tenant_id] = (after[move.tenant_id] | joined) - left

    assert after == {
        tenant_id: {
            (COPIES[group_id, tenant_id], one.copies[tenant_id])
            for one in people
            if tenant_id in one.copies
            for group_id in one.groups
        }
        for tenant_id in present
    }


@given(st.data())
def test_in_each_tenant_everybody_joins_before_anybody_leaves(data: st.DataObject) -> None:
    people = data.draw(standings())
    moves = moves_for(places_of(people), COPIES, data.draw(presents(people)))

    order = [(move.tenant_id, bool(move.leave), move.copy_id) for move in moves]

    assert order == sorted(order)


def test_a_copy_that_is_not_there_yet_is_not_edited() -> None:
    one = Standing(user_id=UserId(UUID(int=1)), groups={GROUPS[0]: "a group"}, copies={TENANTS[0]: UserId(UUID(int=2))})

    assert moves_for(places_of([one]), {}, {TENANTS[0]: set()}) == []
