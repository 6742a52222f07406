"""All probes there are, and even shares of them."""

from collections.abc import Sequence

from tests.isolation import machine_probes, portal_probes, scim_bodies, scim_probes
from tests.isolation.estate import Party
from tests.isolation.probing import Asked, Probe

KINDS = (
    portal_probes.in_paths,
    portal_probes.in_slugs,
    portal_probes.in_queries,
    machine_probes.of_equipment,
    portal_probes.in_forms,
    portal_probes.in_streams,
    portal_probes.at_the_sign_in,
    scim_probes.in_scim_paths,
    scim_probes.in_conditions,
    scim_probes.in_filters,
    scim_bodies.in_bodies,
)
"""Behind those that ask for names come those that give them to one's own things."""


def probes_of(own: Party, theirs: Asked, nobodys: Asked, *, each: int, turn: int = 0) -> list[Probe]:
    """Return about ``each`` probes of every kind; another ``turn`` gives other ones.

    Those that read come first: what is written afterwards stands in one's own lists.
    """
    kinds = [list(kind(own, theirs, nobodys)) for kind in KINDS]
    found = [probe for kind in kinds for probe in shared(kind, each, turn)]
    return sorted(found, key=lambda probe: not probe.place.startswith("GET"))


def shared(probes: Sequence[Probe], each: int, turn: int) -> Sequence[Probe]:
    """Return so many probes, evenly spread."""
    step = max(1, round(len(probes) / each))
    return probes[turn % step :: step]
