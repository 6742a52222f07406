import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from directory import signins, sources, traffic
from directory.errors import NotFoundError
from directory.ids import new_id
from directory.model import RequestDraft, TenantId
from directory.noted import REQUEST_COUNT_MAX
from directory.store.compiled import Statement
from directory.store.errors import StoreError
from directory.store.unit import Engine, bind, connect, fetch_one
from directory.visitor import Visitor
from tests.directory.tenant_setup import DAY, HOUR, MINUTE, NOW, SECOND, Scene, new_scene, other_tenant

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


async def count_of(table: str) -> int:
    row = await fetch_one(Statement(f"SELECT count(*) AS count FROM {table}", house=True))  # noqa: S608  # a name of ours
    assert row is not None
    return int(row["count"])


def noted_draft(scene: Scene, **changes: object) -> RequestDraft:
    draft = replace(scene.draft(), **changes)  # type: ignore[arg-type]  # fields by name
    traffic.note_request(draft)
    return draft


async def test_a_noted_request_is_written_by_the_next_flush() -> None:
    scene = await new_scene()
    source = await scene.source()
    issued = await scene.secret(source)
    draft = noted_draft(
        scene,
        source_id=source.source_id,
        secret_id=issued.secret.secret_id,
        status=400,
        scim_type="invalidFilter",
        detail="what is wrong",
        request_body='{"a": "b"}',
        software="entra",
        network="198.51.100.0/24",
        leniencies=["a string for a boolean"],
    )
    tenant_id = scene.tenant.tenant_id
    assert await traffic.list_requests(tenant_id, limit=5) == []
    assert await traffic.flush(now=NOW) == 1
    (view,) = await traffic.list_requests(tenant_id, limit=5)
    assert view == traffic.RequestView(
        request_id=draft.request_id,
        reference=draft.reference,
        source_id=source.source_id,
        secret_id=issued.secret.secret_id,
        method="GET",
        path="/scim/v2/Users",
        status=400,
        scim_type="invalidFilter",
        detail="what is wrong",
        request_body='{"a": "b"}',
        software="entra",
        network="198.51.100.0/24",
        leniencies=("a string for a boolean",),
        started_at=NOW,
        duration_us=1500,
    )
    assert await traffic.get_request(tenant_id, draft.request_id) == view
    assert await traffic.get_request(tenant_id, str(draft.request_id)) == view
    assert await traffic.get_request(tenant_id, draft.reference.lower()) == view


async def test_the_duration_is_that_of_the_request_not_of_the_wait() -> None:
    scene = await new_scene()
    clock = iter((1200, 999_999))
    noted_draft(scene, elapsed_us=lambda: next(clock))
    await traffic.flush(now=NOW)
    (view,) = await traffic.list_requests(scene.tenant.tenant_id, limit=5)
    assert view.duration_us == 1200


async def test_what_the_commit_recorded_is_not_written_again() -> None:
    scene = await new_scene()
    draft = scene.draft()
    await sources.create_source(kind="scim", preset="okta", label="Okta", by=replace(scene.by, request=draft), now=NOW)
    traffic.note_request(draft)
    traffic.note_request(replace(draft, recorded=False))
    assert await traffic.flush(now=NOW) == 0
    (view,) = await traffic.list_requests(scene.tenant.tenant_id, limit=5)
    assert view.request_id == draft.request_id


async def test_hundreds_of_records_are_written_at_once() -> None:
    scene = await new_scene()
    for _ in range(traffic.BATCH + 120):
        noted_draft(scene, request_id=new_id(NOW))
    assert await traffic.flush(now=NOW) == traffic.BATCH + 120
    assert await traffic.flush(now=NOW) == 0


async def test_two_flushes_at_once_count_a_request_once() -> None:
    scene = await new_scene()
    source = await scene.source()
    noted_draft(scene, source_id=source.source_id)
    await asyncio.gather(traffic.flush(now=NOW), traffic.flush(now=NOW))
    counted = Statement(
        "SELECT sum(things)::bigint AS total FROM activity_hour_row WHERE kind = 'requests'", house=True
    )
    row = await fetch_one(counted)
    assert row is not None
    assert row["total"] == 1


async def test_text_that_a_database_cannot_hold_is_made_storable() -> None:
    scene = await new_scene()
    noted_draft(scene, path="/Users?\0\udc80" + "x" * 5000, software="\ud800", request_body="é" * 100_000)
    assert await traffic.flush(now=NOW) == 1
    (view,) = await traffic.list_requests(scene.tenant.tenant_id, limit=5)
    assert view.path.startswith("/Users?\ufffd?xxx")
    assert len(view.path) == 2000
    assert view.software == "?"
    assert view.request_body is not None
    assert len(view.request_body) == 65_536


async def test_requests_are_listed_by_page_and_by_source_and_by_failure() -> None:
    scene = await new_scene()
    okta, entra = await scene.source(label="Okta"), await scene.source()
    drafts = []
    for number in range(12):
        source = okta if number % 2 else entra
        draft = scene.draft(at=NOW + number * SECOND, status=404 if number % 3 == 0 else 200, source=source)
        traffic.note_request(draft)
        drafts.append(draft)
    await traffic.flush(now=NOW)
    tenant_id = scene.tenant.tenant_id
    newest = [draft.request_id for draft in reversed(drafts)]
    first = await traffic.list_requests(tenant_id, limit=7)
    rest = await traffic.list_requests(tenant_id, before=first[-1].request_id, limit=7)
    assert [view.request_id for view in first + rest] == newest
    of_okta = await traffic.list_requests(tenant_id, source_id=okta.source_id, limit=20)
    assert [view.request_id for view in of_okta] == newest[::2]
    failed = await traffic.list_requests(tenant_id, failed_only=True, limit=20)
    assert [view.request_id for view in failed] == newest[2::3]
    both = await traffic.list_requests(tenant_id, source_id=okta.source_id, failed_only=True, limit=20)
    assert [view.request_id for view in both] == [draft.request_id for draft in (drafts[9], drafts[3])]


async def test_requests_of_another_tenant_are_not_found() -> None:
    scene, other = await new_scene(), await other_tenant()
    draft = noted_draft(other)
    await traffic.flush(now=NOW)
    tenant_id = scene.tenant.tenant_id
    assert await traffic.list_requests(tenant_id, limit=5) == []
    for asked in (draft.request_id, draft.reference, new_id(NOW), "", "nonsense", "\0", "ABCD-EFGH"):
        with pytest.raises(NotFoundError):
            await traffic.get_request(tenant_id, asked)


async def test_records_beyond_the_limit_are_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    scene = await new_scene()
    before = traffic.dropped_count()
    draft = scene.draft()
    for _ in range(REQUEST_COUNT_MAX + 3):
        traffic.note_request(draft)
    assert traffic.dropped_count() == before + 3
    await traffic.flush(now=NOW)
    await traffic.flush(now=NOW)
    assert [record.getMessage() for record in caplog.records] == ["3 request records were dropped"]


async def test_a_record_of_a_tenant_that_is_gone_does_not_stop_the_others() -> None:
    scene = await new_scene()
    before = traffic.dropped_count()
    for number in range(5):
        tenant_id = TenantId(UUID(int=9)) if number == 2 else scene.tenant.tenant_id
        noted_draft(scene, request_id=new_id(NOW), tenant_id=tenant_id)
    assert await traffic.flush(now=NOW) == 4
    assert traffic.dropped_count() == before + 1


async def test_what_cannot_be_written_now_is_kept(store: Engine, database_url: str) -> None:
    scene = await new_scene()
    drafts = [noted_draft(scene, request_id=new_id(NOW)) for _ in range(3)]
    bind(connect(database_url))
    with pytest.raises(StoreError):
        await traffic.flush(now=NOW)
    bind(store)
    assert await traffic.flush(now=NOW) == 3
    listed = await traffic.list_requests(scene.tenant.tenant_id, limit=5)
    assert {view.request_id for view in listed} == {draft.request_id for draft in drafts}


async def test_a_change_of_a_source_is_stamped_once_a_minute() -> None:
    scene = await new_scene()
    source = await scene.source()
    stamped = []
    for second in (0, 30, 70):
        at = NOW + second * SECOND
        draft = replace(scene.draft(at=at, source=source), method="PATCH", recorded=True)
        traffic.note_request(draft)
        await traffic.flush(now=at)
        stamped.append((await sources.get_source(scene.tenant.tenant_id, source.source_id)).last_change_at)
    assert stamped == [NOW, NOW, NOW + 70 * SECOND]


async def test_reads_and_refusals_are_no_change() -> None:
    scene = await new_scene()
    source = await scene.source()
    noted_draft(scene, source_id=source.source_id, method="GET", recorded=True)
    noted_draft(scene, source_id=source.source_id, method="POST", status=409, recorded=True)
    noted_draft(scene, source_id=source.source_id, method="POST", status=201, recorded=False)
    await traffic.flush(now=NOW)
    assert (await sources.get_source(scene.tenant.tenant_id, source.source_id)).last_change_at is None


async def test_old_records_go_and_younger_ones_stay() -> None:
    scene = await new_scene()
    for days in (0, 89, 91, 200):
        traffic.note_request(scene.draft(at=NOW - days * DAY))
    await traffic.flush(now=NOW)
    assert await traffic.prune(now=NOW) == 2
    assert len(await traffic.list_requests(scene.tenant.tenant_id, limit=5)) == 2
    assert await traffic.prune(now=NOW) == 0


async def test_more_than_a_batch_of_old_records_goes_in_one_run() -> None:
    scene = await new_scene()
    for _ in range(traffic.BATCH + 5):
        noted_draft(scene, request_id=new_id(NOW), started_at=NOW - 91 * DAY)
    await traffic.flush(now=NOW)
    assert await traffic.prune(now=NOW) == traffic.BATCH + 5


async def test_ended_sessions_and_old_links_go_after_thirty_days() -> None:
    scene = await new_scene()
    user = await scene.user()
    link = await signins.create_link(user.user_id, by=scene.by, now=NOW)
    token = (await signins.redeem_link(link, visitor=Visitor(), now=NOW)).token
    operator = await signins.find_session(token, now=NOW)
    assert operator is not None
    forgotten = await signins.create_link(user.user_id, by=scene.by, now=NOW)
    await signins.redeem_link(forgotten, visitor=Visitor(), now=NOW)
    await signins.sign_out(operator.session_id, by=scene.by, now=NOW + MINUTE)
    assert await traffic.prune(now=NOW + 30 * DAY) == 0
    assert await traffic.prune(now=NOW + 30 * DAY + 2 * HOUR) == 3
    assert await count_of("web_session_row") == 1
    assert await traffic.prune(now=NOW + 31 * DAY) == 1
    assert (await count_of("web_session_row"), await count_of("signin_link_row")) == (0, 0)
