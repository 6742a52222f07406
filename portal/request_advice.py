"""What to do about a request: by how it was answered, and in the words of the provider that sent it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from directory.model import Preset, SourceId
from directory.traffic import RequestView
from portal.guides import GUIDES, Guide


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What an answer means, and the next step."""

    kind: str
    """``good``, ``info``, ``warn`` or ``bad``."""
    title: str
    text: str
    segments: tuple[object, ...] = ()
    """Where the next step is made in this portal; empty when that is not here."""
    label: str = ""


PLACES: Mapping[str, str] = MappingProxyType(
    {
        GUIDES["entra"].name: "in the Admin Credentials of Provisioning",
        GUIDES["okta"].name: "in Provisioning > Integration",
        GUIDES["onelogin"].name: "in Configuration > API Connection",
        GUIDES["jumpcloud"].name: "in Identity Management",
    }
)
"""Where a provider keeps address and secret, in its own words."""


def advice_for(record: RequestView, preset: Preset | None) -> list[Advice]:
    """Return what to do about a request, the most urgent first; at least one sentence for every answer."""
    guide = GUIDES[preset or "strict"]
    found = [_about_status(record, guide)]
    if record.leniencies:
        found.append(_about_leniencies(record.leniencies, guide))
    return found


def _about_status(record: RequestView, guide: Guide) -> Advice:
    status, method = record.status, record.method
    if status < 400:
        return Advice(kind="good", title="Nothing to do", text="The request was answered as it should be.")
    if status == 404 and method == "GET":
        return Advice(
            kind="info",
            title="Usually nothing to do",
            text=f"{guide.name} asked for something that is not here. Providers ask before they create; "
            "after a test of the connection this answer is the right one.",
        )
    if status in {401, 403, 429}:
        return _about_door(record, guide)
    if status == 400:
        return _about_values(record, guide)
    if status in {404, 409, 412}:
        return _about_match(record, guide)
    return _about_rest(status, guide)


def _about_door(record: RequestView, guide: Guide) -> Advice:
    here = ("configure-scim", record.source_id) if record.source_id else ("configure-scim",)
    match record.status:
        case 401:
            return Advice(
                kind="bad",
                title="Give the provider a valid secret",
                text="Create or rotate the secret here, then paste it as "
                f"“{guide.key_label}” {PLACES.get(guide.name, 'there')}. "
                "Take care that it holds no word “Bearer” and no blank.",
                segments=here,
                label="Open the connection",
            )
        case 429:
            return Advice(
                kind="warn",
                title="Nothing is lost; look at the rate limit",
                text="The connection asked faster than its rate limit allows. Providers wait and send it again; raise "
                "the limit if this stays.",
                segments=here,
                label="Open the connection",
            )
        case _:
            return Advice(
                kind="bad",
                title="A rule of this tenant refused it",
                text="The words of the answer name the rule: the policies of the connection, or the rule that somebody "
                "must stay administrator. Change the rule, or what the provider sends.",
                segments=here,
                label="Open the connection",
            )


_VALUE_TITLES = {
    "invalidFilter": "Change the attribute that the provider matches on",
    "invalidPath": "Correct an attribute mapping at the provider",
    "invalidValue": "Correct the value at the provider",
    "mutability": "Take the attribute out of the mapping",
    "noTarget": "Check the expression of the attribute mapping",
    "uniqueness": "Make the value unique at the provider",
    "tooMany": "Let the provider ask for smaller pages",
}


def _about_values(record: RequestView, guide: Guide) -> Advice:
    title = _VALUE_TITLES.get(record.scim_type or "", "Correct what the provider sends")
    return Advice(
        kind="bad",
        title=title,
        text=f"The answer names the attribute and what is wrong with it. In {guide.name}, correct the value of "
        "that person or group, or its line in the attribute mapping; then provision that one person again.",
        segments=("configure-scim", record.source_id) if record.source_id else (),
        label="Compare with the attribute mapping guide",
    )


def _about_match(record: RequestView, guide: Guide) -> Advice:
    match record.status:
        case 409:
            return Advice(
                kind="bad",
                title="Two things claim the same name",
                text="Somebody else here has the value that the answer names. Find who it is; then change one of the "
                f"two at the provider, or let {guide.name} match on that attribute.",
                segments=("sub-accounts",),
                label="Find who has it",
            )
        case 412:
            return Advice(
                kind="warn",
                title="Usually nothing to do",
                text="It changed between two requests of the provider, which asks again and sends its change anew.",
            )
        case _:
            return Advice(
                kind="warn",
                title="Let the provider create it again",
                text="It was deleted here, or it belongs to another connection. Restart provisioning for that person "
                f"or group in {guide.name}; its next cycle creates what is missing.",
                segments=("configure-scim",),
                label="See the connections",
            )


def _about_rest(status: int, guide: Guide) -> Advice:
    if status == 503:
        return Advice(
            kind="warn",
            title="Nothing is lost",
            text="The database could not do it then. The provider sends it again by itself; look at the health of the "
            "server if this goes on.",
        )
    if status >= 500:
        return Advice(
            kind="bad",
            title="Our mistake",
            text="Nothing was changed. Give the reference to whoever runs this server: it is in the log of the server.",
        )
    if status == 413:
        text = f"Let {guide.name} send smaller bodies: groups in several requests, Bulk with fewer operations."
        return Advice(kind="bad", title="The body is too large", text=text)
    return Advice(
        kind="bad",
        title="Check the address that the provider uses",
        text=f"“{guide.endpoint_label}” {PLACES.get(guide.name, 'there')} must be the one that the page of the "
        "connection shows, to the letter, and the provider must speak SCIM 2.0.",
        segments=("configure-scim",),
        label="See the address",
    )


def _about_leniencies(leniencies: Sequence[str], guide: Guide) -> Advice:
    what = "One thing" if len(leniencies) == 1 else f"{len(leniencies)} things"
    return Advice(
        kind="info",
        title=f"{what} in it deviated from the standard",
        text=f"It was read all the same, since {guide.name} is known to send it so. "
        "Other clients may be refused for it.",
    )


def replay_segments(record: RequestView) -> tuple[object, ...]:
    """Return where the request can be replayed in simulation, or nothing for one without a connection."""
    source_id: SourceId | None = record.source_id
    return () if source_id is None else ("configure-scim", source_id, "simulate")
