"""The report of role locks that somebody should look at."""

from directory import access_roles, lock_review
from directory.lock_review import LockFilter
from directory.report_people import person_of, status_words
from directory.report_shapes import Asked, Column, Figure, Report, ReportPage, Summary

_DUE = LockFilter(due=True)


async def _lock_page(asked: Asked, after: str | None, limit: int) -> ReportPage:
    found = await lock_review.list_locks(asked.tenant_id, _DUE, after=after, limit=limit, now=asked.now)
    names = await access_roles.names_of_roles(asked.tenant_id)
    return ReportPage(
        rows=[
            (
                person_of(lock.user_id, lock.display_name, lock.user_name),
                status_words(active=lock.active),
                names[lock.role_id],
                None if lock.unlocked_role_id is None else names[lock.unlocked_role_id],
                lock.reason,
                lock.owner,
                lock.created_at,
                lock.until,
            )
            for lock in found.locks
        ],
        next_after=found.next_after,
    )


async def _sum_locks(asked: Asked) -> Summary:
    count = await lock_review.count_locks(asked.tenant_id, _DUE, now=asked.now)
    more = count == lock_review.COUNTED_MAX
    return Summary(figures=[Figure(label="locks due for review", single="lock due for review", value=count, more=more)])


LOCKS_DUE = Report(
    key="locks-due",
    sign="lock",
    title="Role locks due for review",
    sentence="Locks without an end that nobody has looked at for 90 days, and locks that end within 14.",
    nothing="No role lock is due for review",
    columns=(
        Column(name="Person", detail="User name"),
        Column(name="Status"),
        Column(name="Locked as"),
        Column(name="Would be"),
        Column(name="Reason"),
        Column(name="Owner"),
        Column(name="Since"),
        Column(name="Until"),
    ),
    read_page=_lock_page,
    summarise=_sum_locks,
)
