"""Pull one person now: connect, find, in scope, match, decide; each step said in words, however far it comes."""

from connectors.connector import Connector, Finding, Step
from connectors.errors import SourceError
from connectors.records import Record
from directory.model import JsonObject
from directory.pulls import run_life, runs, staging
from directory.pulls.model import Run, RunItem, Seen, SeenEdge, SeenPage
from directory.pulls.scoping import settle_scope_of
from directory.store.pulls.present import groups_here
from rolebook.pull_checks import check_connection, step_object
from rolebook.pull_course import Course
from rolebook.pull_decision import decision_step
from rolebook.pull_endings import end_failed
from rolebook.pull_means import Means
from rolebook.pull_watch import Watch

ITEMS_MAX = 50
MATCH, DECIDE = "Match", "Decide"
_COMPARES = "This connector only compares: nobody is changed by it."
_CONNECT, _FIND, _SCOPE = "Connect", "Find the user", "In scope"


async def pull_one(course: Course, means: Means, watch: Watch) -> None:
    """Bring a run of one person to its end. Memberships are added only: who left a group a whole pull finds out.

    Raises:
        PullStoppedError: the pull is to end.
    """
    run = course.run
    if run.state == "fetching":
        await _fetch(course, means, watch)
    else:
        ext_id = await staging.find_staged_user(run)
        await _decide(course, ext_id or "", [dict(step) for step in run.steps[:-1]])


async def _fetch(course: Course, means: Means, watch: Watch) -> None:
    run = course.run
    finding = await _found(course, means, watch)
    steps = list(finding.steps)
    error = next((step for step in steps if step.outcome == "failed" and (step.kind or finding.record is None)), None)
    if finding.record is None or error is not None:
        rest = [_skipped(key, words) for key, words in _ALL if key not in {step.key for step in steps}]
        await _keep(run, [*steps, *rest])
        failed = error or steps[-1]
        problem = run_life.Problem(kind=failed.kind or "config", words=failed.detail, remedy=failed.remedy)
        await end_failed(run, course.source, problem, course.timings, now=means.clock())
        return
    watch.check()
    if course.source.mode == "audit":
        only = [_step(key, words, _COMPARES) for key, words in _ALL[3:]]
        await _keep(run, [*steps, *only])
        await course.finish()
        return
    await _stage(run, finding, finding.record, course, means)
    await _keep(run, [*steps, _skipped("match", MATCH), _skipped("decide", DECIDE)])
    await course.enter_planning()
    await _decide(course, finding.record.ext_id, [step_object(step) for step in steps])


async def _decide(course: Course, ext_id: str, before: list[JsonObject]) -> None:
    """Plan and apply what was staged; ``before`` are the steps until then, the match perhaps among them."""
    run = course.run
    await course.plan()
    items = await runs.list_items(run.tenant_id, run.run_id, limit=ITEMS_MAX)
    steps = [step for step in before if step["key"] != "match"] + [step_object(_match_step(items))]
    await _keep_objects(run, [*steps, step_object(_skipped("decide", DECIDE))])
    if not run.dry:
        await course.apply()
    decided = await decision_step(run, ext_id, items)
    await _keep_objects(run, [*steps, step_object(decided)])
    await course.finish()


_ALL = (("connect", _CONNECT), ("find", _FIND), ("scope", _SCOPE), ("match", MATCH), ("decide", DECIDE))


async def _found(course: Course, means: Means, watch: Watch) -> Finding:
    """Look the person up; what the connection itself says no to is the first step."""
    try:
        connector = await means.connect(course.source, watch)
        try:
            return await _looked_up(connector, course, means)
        finally:
            await connector.aclose()
    except SourceError as error:
        step = Step(
            key="connect",
            words=_CONNECT,
            outcome="failed",
            detail=error.words,
            remedy=error.remedy,
            kind=error.kind,
        )
        return Finding(steps=(step,))


async def _looked_up(connector: Connector, course: Course, means: Means) -> Finding:
    identity = await check_connection(connector, course.source, course.run, now=means.clock())
    finding = await connector.find_user(course.run.user_key or "")
    if any(step.key == "connect" for step in finding.steps):
        return finding
    connected = Step(key="connect", words=_CONNECT, outcome="passed", detail=identity.name)
    return Finding(
        steps=(connected, *finding.steps), record=finding.record, groups=finding.groups, in_scope=finding.in_scope
    )


async def _stage(run: Run, finding: Finding, record: Record, course: Course, means: Means) -> None:
    """Stage the person, and memberships in those groups that are here."""
    here = await groups_here(run.tenant_id, run.source_id, finding.groups)
    meant = finding.in_scope and record.op == "upsert" and course.source.config.get("nested") != "transitive"
    known = [ext_id for ext_id, group in here.items() if not group.deleted] if meant else []
    seen = Seen(
        kind="user",
        ext_id=record.ext_id,
        op=record.op,
        values=record.values,
        reason=record.reason or ("" if finding.in_scope else finding.steps[-1].detail),
        given=record.raw or None,
    )
    edges = tuple(SeenEdge(group, record.ext_id) for group in known)
    page = SeenPage(objects=(seen,), edges=edges)
    await staging.stage_page(run, None, page, now=means.clock(), targets=course.targets())
    if record.op == "upsert":  # of others nobody looked: what a whole pull found out stays
        await settle_scope_of(run, record.ext_id, in_scope=finding.in_scope)


def _match_step(items: list[RunItem]) -> Step:
    mine = next((item for item in items if item.kind == "user"), None)
    if mine is None:
        return _step("match", MATCH, "Known here by the id; nothing about the user changed.")
    if mine.action == "user:meet":
        remedy = "Decide in the adoption queue whether they are the same person."
        return _step("match", MATCH, mine.detail or "Somebody here has the same name.", remedy=remedy)
    if mine.action == "user:create":
        return _step("match", MATCH, "Nobody here has this id, name or address: a new user.")
    return _step("match", MATCH, f"{mine.label}, by the id of the directory.")


def _step(key: str, words: str, detail: str, *, remedy: str = "") -> Step:
    return Step(key=key, words=words, outcome="warned" if remedy else "passed", detail=detail, remedy=remedy)


def _skipped(key: str, words: str) -> Step:
    return Step(key=key, words=words, outcome="skipped")


async def _keep(run: Run, steps: list[Step]) -> None:
    await _keep_objects(run, [step_object(step) for step in steps])


async def _keep_objects(run: Run, steps: list[JsonObject]) -> None:
    await run_life.note_check(run, steps, expected_count=1)
