"""Many runs of random directories: what is here is what was said, and doing it again changes nothing."""

import random
from dataclasses import dataclass, field

import pytest

from directory import users
from directory.model import JsonValue, UserAttributes
from directory.names import name_key
from directory.person import ENTERPRISE
from directory.pulls.model import Seen
from directory.pulls.newcomers import create_newcomers
from directory.pulls.outlooks import SeenUser, outlook_for
from directory.pulls.problems import list_problems
from directory.store.compiled import Statement
from directory.store.rows import document_from
from directory.store.unit import Row, fetch
from tests.directory.pulls.pulled import graph_source
from tests.directory.pulls.pulling import Pulled, page
from tests.directory.world import World, create_world

pytestmark = pytest.mark.anyio

USERS = Statement(
    "SELECT * FROM user_row WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND deleted_at IS NULL"
    " ORDER BY user_name_key"
)
LINKS = Statement("SELECT external_id, user_id FROM user_link_row WHERE tenant_id = $1::uuid ORDER BY external_id")
EMAILS = Statement(
    "SELECT u.user_name, e.position, e.kind, e.value_key FROM email_row e JOIN user_row u ON u.tenant_id = e.tenant_id"
    " AND u.id = e.user_id WHERE e.tenant_id = $1::uuid ORDER BY u.user_name, e.position"
)
EVENTS = Statement(
    "SELECT e.action, e.actor_kind, e.subject_kind, v.document FROM event_row e JOIN event_value_row v"
    " ON v.tenant_id = e.tenant_id AND v.event_id = e.id WHERE e.tenant_id = $1::uuid AND e.subject_kind = 'user'"
    " ORDER BY e.id"
)
STAMPS = {"id", "tenant_id", "source_id", "created_at", "modified_at", "decided_at", "role_id", "list_key"}
TITLES = ("", "Boss", "Äöü", "日本")


@dataclass
class Elsewhere:
    """A directory elsewhere that changes by itself, and the pages that tell it."""

    chance: random.Random
    people: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    """Who is in scope, by the id there."""
    left_out: set[str] = field(default_factory=set)
    born: int = 0

    def live_a_day(self) -> list[Seen]:
        """Let people come, change, exchange names, leave and come back; returns what a delta tells of it."""
        told: dict[str, Seen] = {}
        for _ in range(self.chance.randint(0, 12)):
            self.born += 1
            self.people[f"id-{self.born}"] = {"userName": f"P{self.born}@example.org", "active": True}
            told[f"id-{self.born}"] = self._said(f"id-{self.born}")
        everybody = sorted(self.people)
        for ext_id in self.chance.sample(everybody, len(everybody) // 3):
            self._change(ext_id)
            told[ext_id] = self._said(ext_id)
        movers = self.chance.sample(everybody, min(len(everybody), self.chance.randint(0, 5)))
        names = [self.people[ext_id]["userName"] for ext_id in movers]
        for ext_id, name in zip(movers, [*names[1:], *names[:1]], strict=True):
            self.people[ext_id]["userName"] = name
            told[ext_id] = self._said(ext_id)
        for ext_id in self.chance.sample(everybody, min(len(everybody), self.chance.randint(0, 2))):
            del self.people[ext_id]
            self.left_out.discard(ext_id)
            told[ext_id] = Seen(kind="user", ext_id=ext_id, op="purged")
        return [told[ext_id] for ext_id in self.chance.sample(sorted(told), len(told))]

    def all_of_it(self) -> list[Seen]:
        return [self._said(ext_id) for ext_id in self.chance.sample(sorted(self.people), len(self.people))]

    def _change(self, ext_id: str) -> None:
        person = self.people[ext_id]
        match self.chance.randint(0, 3):
            case 0:
                person["active"] = not person["active"]
            case 1:
                person["title"] = self.chance.choice(TITLES)
            case 2:
                person["emails[work]"] = f"{ext_id}-{self.chance.randint(0, 3)}@example.org"
            case _:
                (self.left_out.discard if ext_id in self.left_out else self.left_out.add)(ext_id)

    def _said(self, ext_id: str) -> Seen:
        op = "out_of_scope" if ext_id in self.left_out else "upsert"
        return Seen(kind="user", ext_id=ext_id, op=op, values=dict(self.people[ext_id]))  # type: ignore[arg-type]  # one of both

    def meant(self, asked_about: set[str]) -> dict[str, bool]:
        """Return who may sign in, by user name; of some somebody decides whether they are who was deleted before."""
        return {
            name_key(str(person["userName"])): bool(person["active"])
            for ext_id, person in self.people.items()
            if ext_id not in self.left_out | asked_about
        }


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_there_is_so_here(world: World, seed: int) -> None:
    pulled = Pulled(world, await graph_source(world))
    there = Elsewhere(random.Random(seed))
    for day in range(8):
        whole = day % 4 == 3
        told = there.live_a_day()
        run = await pulled.pull(page(*(there.all_of_it() if whole else told)), whole=whole)
        if whole:  # whoever is gone is found out by the second whole pull
            run = await pulled.pull(page(*there.all_of_it()))
        assert "failed" not in run.counts
        asked_about = {one.ext_id for one in await list_problems(run.tenant_id, run.source_id, limit=99)}
        pulled.let_a_day_pass()

        here = await _here(pulled)
        meant = there.meant(asked_about)
        assert {name: active for name, active in here.items() if name in meant} == meant
        assert not any(active for name, active in here.items() if name not in meant)
        state = await _state(pulled)
        again = await pulled.pull(page(*there.all_of_it()), whole=False)
        assert set(again.counts) <= {"unchanged", "user:meet"}
        assert await _state(pulled) == state
    await world.assert_consistent()


async def _here(pulled: Pulled) -> dict[str, bool]:
    rows = await fetch(USERS, pulled.source.tenant_id, pulled.source.source_id)
    return {row["user_name_key"]: bool(row["active"]) for row in rows}


async def _state(pulled: Pulled) -> list[tuple[object, ...]]:
    rows = await fetch(USERS, pulled.source.tenant_id, pulled.source.source_id)
    return [(row["id"], row["version"], row["document"], row["active"]) for row in rows]


def _newcomers(chance: random.Random, count: int) -> list[SeenUser]:
    def maybe(target: str, value: JsonValue) -> dict[str, JsonValue]:
        return {target: value} if chance.random() < 0.5 else {}

    return [
        SeenUser(
            ext_id=f"id-{at}",
            op="upsert",
            said={
                "userName": f"Ünë{at}@Example.org",
                **maybe("active", chance.random() < 0.7),
                **maybe("displayName", f"Person {at}"),
                **maybe("name.familyName", f"O'{at}"),
                **maybe("emails[work]", f"{at}@Example.org"),
                **maybe("emails[home]", f"{at}@home.example"),
                **maybe("title", chance.choice(TITLES)),
                **maybe(f"{ENTERPRISE}:department", "Sales"),
                **maybe(f"{ENTERPRISE}:manager", f"id-{at - 1}"),
            },
        )
        for at in range(count)
    ]


async def test_many_at_once_are_what_each_would_be_alone(world: World) -> None:
    newcomers = _newcomers(random.Random(7), 90)
    other = await create_world("other")
    alone, together = Pulled(world, await graph_source(world)), Pulled(other, await graph_source(other))
    outlooks = [outlook_for(one, source_id=together.source.source_id) for one in newcomers]
    run = await together.staged()
    world.now = now = other.tick()

    created = await create_newcomers(await together.ground(run), outlooks, now=now)
    by = (await alone.ground(await alone.staged())).by
    for outlook in outlooks:
        assert outlook.attributes is not None
        await users.create_user(UserAttributes(outlook.attributes.document), by=by, now=now, revive_inactive=False)

    assert created == [one.ext_id for one in newcomers]
    assert await _all_of(together) == await _all_of(alone)


async def _all_of(pulled: Pulled) -> dict[str, list[dict[str, object]]]:
    tenant_id, source_id = pulled.source.tenant_id, pulled.source.source_id
    people = await fetch(USERS, tenant_id, source_id)
    default = {str(pulled.world.tenant.default_role_id): "the default role"}
    names = {row["id"]: row["user_name"] for row in people}
    return {
        "people": [{**_without(row, STAMPS), "document": document_from(row["document"])} for row in people],
        "links": [{"id": row["external_id"], "user": names[row["user_id"]]} for row in await fetch(LINKS, tenant_id)],
        "addresses": [dict(row) for row in await fetch(EMAILS, tenant_id)],
        "events": [_told(row, default) for row in await fetch(EVENTS, tenant_id)],
    }


def _without(row: Row, names: set[str]) -> dict[str, object]:
    return {name: value for name, value in dict(row).items() if name not in names}


def _told(row: Row, names: dict[str, str]) -> dict[str, object]:
    document = document_from(row["document"])
    changes = document["changes"]
    assert isinstance(changes, list)
    told = [[names.get(str(part), part) if isinstance(part, str) else part for part in one] for one in changes]  # type: ignore[union-attr]  # lists of three
    return {**_without(row, {"document"}), "subject": document["subject"], "changes": told}
