"""The connectors of this installation: which there are, and what they may reach."""

import ssl

from connectors.offered import Offered
from connectors.terms import Network
from rolebook.settings import Settings


def offered_connectors(settings: Settings) -> Offered:
    """Return the connectors as these settings have them; nothing of them is loaded yet."""
    return Offered(network=network_for(settings), allowed=frozenset(settings.connectors.replace(",", " ").split()))


def network_for(settings: Settings) -> Network:
    """Return what connectors may reach: names on the public internet, unless the settings say otherwise."""
    tls = ssl.create_default_context()
    if settings.pull_ca is not None:
        tls.load_verify_locations(cafile=settings.pull_ca)
    return Network(tls=tls, private_addresses=settings.pull_private, graph_at=graph_at(settings))


def graph_at(settings: Settings) -> tuple[str, str] | None:
    """Return where Microsoft signs in and where its Graph is, if the settings say it."""
    if settings.pull_graph is None:
        return None
    sign_in, *graph = settings.pull_graph.split()
    return sign_in, (graph or [sign_in])[0]
