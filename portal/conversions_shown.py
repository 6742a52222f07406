"""What pages of one conversion of user names have in common: where it lies, and what its templates are told."""

from typing import Any

from directory import conversions
from directory.conversions import Conversion
from directory.model import Permission
from directory.plan_conversions import KINDS as ALL_KINDS
from portal.conversion_words import ADVICE, FAILURES, KEPT, KINDS, OUTCOMES, REASONS, SKIPPED, STATES, mark_of, step_of
from portal.forms import Form, path_uuid
from portal.visit import PortalRequest

CONVERSION = "/t/{slug:str}/conversion"
JOB = f"{CONVERSION}/{{conversion_id:str}}"
NEEDS: Permission = "settings:manage"
WAITING_MAX = 10


def path_of(request: PortalRequest, job: Conversion) -> str:
    """Return the address of a conversion."""
    return request.auth.path("conversion", job.job_id)


async def job_of(request: PortalRequest) -> Conversion:
    """Return the conversion that the address names."""
    return await conversions.get_conversion(path_uuid(request, "conversion_id"), by=request.auth.by)


async def shown_of(
    request: PortalRequest, job: Conversion, *, refusal: str = "", form: Form | None = None
) -> dict[str, Any]:
    """Return what the templates of one conversion are told."""
    found = {} if job.state in {"scanning", "judging"} else await conversions.count_kinds(job)
    counted = {kind: sum(count for (one, _), count in found.items() if one == kind) for kind in ALL_KINDS}
    conflicts = sorted(((reason, count) for (kind, reason), count in found.items() if kind == "conflict"))
    outcomes = await conversions.count_outcomes(job) if job.started_at else {}
    is_stopped = job.failure == "failed"
    return {
        "job": job,
        "mark": mark_of(job),
        "step": step_of(job),
        "badge": STATES[job.state],
        "counted": counted,
        "conflicts": conflicts,
        "open_count": await conversions.count_open(job) if job.state == "scanned" else 0,
        "outcomes": outcomes,
        "skipped": [(OUTCOMES[one], outcomes[one]) for one in SKIPPED if one in outcomes],
        "kept": [(OUTCOMES[one], outcomes[one]) for one in KEPT if one in outcomes],
        "waiting": await conversions.list_waiting(job, limit=WAITING_MAX) if is_stopped else [],
        "stopped": FAILURES[job.failure],
        "kinds": KINDS,
        "reasons": REASONS,
        "advice": ADVICE,
        "outcome_words": OUTCOMES,
        "may_undo": job.may_undo(request.auth.now),
        "refusal": refusal,
        "form": form or Form({"alias_days": str(job.alias_days)}),
        "alias_days_max": conversions.ALIAS_DAYS_MAX,
    }
