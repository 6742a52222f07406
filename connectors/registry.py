"""Which kinds of connector there are: ours, and those that other packages bring along."""

from importlib import import_module
from importlib.metadata import entry_points

from connectors.connector import ConnectorKind
from connectors.errors import SourceError

GROUP = "rolebook.connectors"
# By name only: the Okta library alone takes seconds and 50 MiB to import, which a server that is pushed to never needs.
RESERVED = frozenset({"scim"})
"""What pushes is no connector, whatever another package calls its own."""

OURS = {"graph": "connectors.entra.kind:GRAPH", "okta": "connectors.okta.kind:OKTA"}


def kind_names(allowed: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the names of all kinds: ours, and of the installed ones those that are ``allowed``."""
    others = {entry.name for entry in entry_points(group=GROUP)} & allowed - RESERVED
    return (*OURS, *sorted(others - OURS.keys()))


def get_kind(name: str, allowed: frozenset[str] = frozenset()) -> ConnectorKind:
    """Return a kind of connector, imported on first use.

    Raises:
        SourceError: there is none of this name, or it is another package's and not allowed, or it does not load.
    """
    found: object = None
    if name in OURS:
        module, _, attribute = OURS[name].partition(":")
        found = getattr(import_module(module), attribute)
    elif name in allowed - RESERVED:
        found = _loaded(name)
    if not isinstance(found, ConnectorKind):
        raise SourceError("config", f"there is no connector called {name[:40]} here")
    _check_binding(found)
    return found


def _check_binding(kind: ConnectorKind) -> None:
    """Refuse a kind whose credentials could be sent elsewhere by changing its configuration."""
    names: tuple[str, ...] = getattr(kind.config_type, "__struct_fields__", ())
    bound = kind.secrets_bound_to
    if not set(bound) <= set(names) or (kind.secret_fields and not bound):
        raise SourceError("config", f"the connector {kind.name} does not say where its credentials go")


def _loaded(name: str) -> object:
    for entry in entry_points(group=GROUP, name=name):
        try:
            return entry.load()
        except (Exception, SystemExit) as error:  # another package may raise anything
            raise SourceError("config", f"the connector {name} does not load: {type(error).__name__}") from error
    return None
