"""The reports there are: by key, on screen, as a file, and by mail."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from directory.errors import NotFoundError
from directory.model import TenantId
from directory.report_changes import ROLE_CHANGES
from directory.report_drift import DRIFT
from directory.report_equipment import EQUIPMENT
from directory.report_equipment_everywhere import EVERYWHERE
from directory.report_held import HELD
from directory.report_locks import LOCKS_DUE
from directory.report_people import ADMINISTRATORS, UNSEEN
from directory.report_secrets import SECRETS
from directory.report_shapes import Asked, Report, ReportRow, chosen_options
from directory.report_tenants import WHO_IS_WHERE
from directory.report_waiting import WAITING

REPORTS: tuple[Report, ...] = (
    EQUIPMENT,
    HELD,
    DRIFT,
    UNSEEN,
    LOCKS_DUE,
    ROLE_CHANGES,
    ADMINISTRATORS,
    WAITING,
    SECRETS,
    WHO_IS_WHERE,
    EVERYWHERE,
)
_BY_KEY = {report.key: report for report in REPORTS}
PAGE = 500


def get_report(key: str, *, is_super: bool = True) -> Report:
    """Return a report; those over several tenants are of super tenants.

    Raises:
        NotFoundError: there is none of that key.
    """
    found = _BY_KEY.get(key)
    if found is None or (found.of_super_tenants and not is_super):
        raise NotFoundError("report", key)
    return found


def reports_for(*, is_super: bool) -> list[Report]:
    """Return the reports that a tenant has."""
    return [report for report in REPORTS if is_super or not report.of_super_tenants]


def find_report(key: str) -> Report | None:
    """Return a report, or None if this version has none of that key."""
    return _BY_KEY.get(key)


def asked_for(report: Report, tenant_id: TenantId, given: Mapping[str, str], *, now: datetime) -> Asked:
    """Return what is asked of a report; what is not said is the first choice.

    Raises:
        InvalidError: a value that is none of the choices.
    """
    return Asked(tenant_id=tenant_id, options=chosen_options(report, given), now=now)


async def each_row(report: Report, asked: Asked) -> AsyncIterator[ReportRow]:
    """Yield every row, reading a page at a time."""
    after: str | None = None
    while True:
        page = await report.read_page(asked, after, PAGE)
        for row in page.rows:
            yield row
        if (after := page.next_after) is None:
            return
