"""One user: who, which role and why, what is known and from where, and what happened."""

from litestar import Response

from directory import accounts, aliases, fields, held, loans, profiles, return_tasks, sources, status, timeline, users
from directory.model import Source, User, UserId
from directory.pulls import drift_lists, sightings
from directory.pulls.sightings import Sighting
from directory.report_drift import DRIFT_WORDS, attribute_words
from directory.routes import sides
from directory.timeline import KINDS, Kind
from portal.auth import shows
from portal.deed_words import cause_words, diff_rows, gist, step_words
from portal.forms import parse_uuid, path_uuid
from portal.held_words import change_sentence
from portal.rendering import page
from portal.view_words import STAY_WORDS, UNROUTED_WORDS
from portal.visit import PortalRequest

DEEDS_MAX = 20
KIND_WORDS: tuple[tuple[Kind | None, str], ...] = (
    (None, "Everything"),
    ("requests", "Requests"),
    ("pulls", "Pulls"),
    ("roles", "Role decisions"),
    ("operators", "Operators"),
    ("sign-ins", "Sign-ins"),
)
FRAGMENTS = {"user-timeline": "user/_timeline.html"}


@shows("/t/{slug:str}/sub-accounts/{user_id:str}", access="portal:view")
async def show(request: PortalRequest) -> Response[bytes]:
    """Show the user with the reason for the role; htmx asks for the timeline alone."""
    tenant_id, user_id = request.auth.operator.tenant.tenant_id, UserId(path_uuid(request, "user_id"))
    why = await accounts.explain_role(tenant_id, user_id)
    wanted = request.query_params.get("kind", "")
    kind = next((one for one in KINDS if one == wanted), None)
    before = parse_uuid(request.query_params.get("before", ""))
    groups = await users.groups_of_users(tenant_id, [user_id])
    source_id = why.user.source_id
    source = None if source_id is None else await sources.get_source(tenant_id, source_id)
    return page(
        request,
        "user/page.html",
        fragments=FRAGMENTS,
        user=why.user,
        why=why,
        grant=await timeline.find_grant(tenant_id, user_id),
        fields=fields.values_in(why.user, await fields.list_fields(tenant_id)),
        aliases=await aliases.list_aliases(tenant_id, user_id),
        profile=await profiles.read_profile(tenant_id, why.user),
        groups=groups.get(user_id, []),
        source=source,
        sighting=await _sighting(source, why.user),
        drifts=await drift_lists.list_of_user(tenant_id, user_id),
        drift_words=DRIFT_WORDS,
        attribute_words=attribute_words,
        block=await status.find_block(tenant_id, user_id),
        stays=await sides.list_sides(request.auth.operator.tenant, why.user),
        stay_words=STAY_WORDS,
        unrouted_words=UNROUTED_WORDS,
        held_changes=await held.list_lines_of_user(tenant_id, user_id),
        held_words=change_sentence,
        lent=await loans.held_by(tenant_id, user_id),
        return_task=await return_tasks.find_task(tenant_id, user_id),
        timeline=await timeline.read_timeline(tenant_id, user_id, kind, before=before, limit=DEEDS_MAX),
        kind=kind,
        before=before,
        kind_words=KIND_WORDS,
        cause_words=cause_words,
        step_words=step_words,
        diff_rows=diff_rows,
        gist=gist,
    )


async def _sighting(source: Source | None, user: User) -> Sighting | None:
    """Return what the user's source said last of them, where it is pulled."""
    external_id = user.attributes.external_id
    if source is None or source.kind in {"scim", "routed"} or external_id is None:
        return None
    return await sightings.find_sighting(source.tenant_id, source.source_id, external_id)


HANDLERS = (show,)
