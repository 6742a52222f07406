"""Plays one rehearsal from the first connection to the table."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from rolebook.rehearsal.company import Company, Size, invent_company
from rolebook.rehearsal.entra import entra_acts
from rolebook.rehearsal.okta import okta_acts
from rolebook.rehearsal.places import Attribute, Places
from rolebook.rehearsal.progress import Bar, Silence
from rolebook.rehearsal.report import Outcome
from rolebook.rehearsal.stage import Act, Progress, perform
from rolebook.rehearsal.tenants import entra_tenant_acts, okta_tenant_acts, sent_people
from rolebook.rehearsal.wire import UnreachableError, Wire, connected

Provider = Literal["entra", "okta"]

ACTS: dict[Provider, Callable[..., list[Act]]] = {"entra": entra_acts, "okta": okta_acts}
TENANT_ACTS: dict[Provider, Callable[..., list[Act]]] = {"entra": entra_tenant_acts, "okta": okta_tenant_acts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A rehearsal as asked for."""

    provider: Provider
    base_url: str
    size: Size
    concurrency: int
    seed: int
    prefix: str
    keep: bool
    silent: bool
    slugs: tuple[str, ...] = ()
    """The tenants below that users are sent to; none where the endpoint is of an ordinary tenant."""
    route_by: Attribute = "routeTo"


async def rehearse(wanted: Wanted, secret: str) -> Outcome:
    """Play the provider's sequences and return what was found.

    Raises:
        UnreachableError: the endpoint cannot be reached or does not know us; nobody can say what it does right.
    """
    async with connected(wanted.base_url, secret, concurrency=wanted.concurrency) as wire:
        places = Places(slugs=wanted.slugs, attribute=wanted.route_by)
        await play(wanted, wire, places)
        return Outcome(
            provider=wanted.provider,
            base_url=wanted.base_url,
            prefix=wanted.prefix,
            seed=wanted.seed,
            size=wanted.size,
            concurrency=wanted.concurrency,
            kept=wanted.keep,
            tally=wire.tally,
            slugs=wanted.slugs,
            held=len(places.held),
        )


async def play(wanted: Wanted, wire: Wire, places: Places) -> Company:
    """Play the sequences on a wire, whose tally then says how it went; return who was in it.

    Raises:
        UnreachableError: the connection broke.
    """
    company = sent_people(invent_company(wanted.size, seed=wanted.seed, prefix=wanted.prefix), places)
    acts = [act for act in _acts(wanted, wire, company, places) if act.objects]
    total = sum(len(act.objects) for act in acts)
    progress: Progress = Silence()
    if not wanted.silent:
        progress = Bar(sys.stderr, wire.tally, total, is_terminal=sys.stderr.isatty())
    try:
        await perform(acts, wire.tally, progress, concurrency=wanted.concurrency)
    except* UnreachableError as group:
        first = group.exceptions[0]
        left = f" What was made until then has {wanted.prefix} in its name." if company.user_ids else ""
        raise UnreachableError(f"{first}.{left}") from None
    return company


def _acts(wanted: Wanted, wire: Wire, company: Company, places: Places) -> list[Act]:
    if places.slugs:
        return TENANT_ACTS[wanted.provider](wire, company, places, keep=wanted.keep)
    return ACTS[wanted.provider](wire, company, keep=wanted.keep)
