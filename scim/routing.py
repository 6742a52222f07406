"""From a path and a method to the handler that serves it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from scim.errors import NoResourceError, WrongMethodError
from scim.gate import Exchange
from scim.hiding import shown_method
from scim.responses import Answer, options_answer

BYTES_MAX = 1024 * 1024
"""How large a body is read by a handler that says nothing else."""

_SHOWN_MAX = 200

Handler = Callable[[Exchange, str], Awaitable[Answer]]
"""From a request, and what stands in the path where its template has a name, to the answer."""


class Served(NamedTuple):
    """A handler, and how large a body it reads."""

    handler: Handler
    bytes_max: int = BYTES_MAX


class Route(NamedTuple):
    """A handler in its place; a template may end with a name in braces, which stands for any one part of a path."""

    method: str
    template: str
    served: Served


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is served at one path."""

    template: str
    methods: dict[str, Served] = field(default_factory=dict)

    @property
    def allow(self) -> str:
        """The methods as the header Allow lists them."""
        return ", ".join(sorted(self.methods))

    def bytes_max(self, method: str) -> int:
        """Return how large a body is read; it does not matter where nothing serves the method."""
        return self.methods[method].bytes_max if method in self.methods else BYTES_MAX

    def serving(self, method: str, path: str) -> Served:
        """Return what serves a method.

        Raises:
            WrongMethodError: nothing does.
        """
        served = self.methods.get(method)
        if served is None:
            words = f"{path[:_SHOWN_MAX]} does not know the method {shown_method(method)}; it knows {self.allow}."
            raise WrongMethodError(words, headers={"Allow": self.allow})
        return served


class Routes:
    """All endpoints, found by path in two look-ups, however many there are."""

    def __init__(self, routes: Iterable[tuple[str, Iterable[Route]]]) -> None:
        """Take routes below each of several prefixes."""
        self._plain: dict[str, Endpoint] = {}
        self._named: dict[str, Endpoint] = {}
        for prefix, below in routes:
            for route in below:
                self._add(prefix + route.template, route)

    def _add(self, template: str, route: Route) -> None:
        head, _, last = template.strip("/").rpartition("/")
        places, key = (self._named, head) if last.startswith("{") else (self._plain, f"{head}/{last}")
        endpoint = places.get(key)
        if endpoint is None:
            endpoint = places[key] = Endpoint(template)
            endpoint.methods["OPTIONS"] = Served(_options(endpoint))
        endpoint.methods[route.method] = route.served

    def find(self, path: str) -> tuple[Endpoint, str]:
        """Return the endpoint of a path, and what stands in the place of the template's name.

        Raises:
            NoResourceError: there is none.
        """
        parts = [part for part in path.split("/") if part]
        plain = self._plain.get("/".join(parts))
        if plain is not None:
            return plain, ""
        named = self._named.get("/".join(parts[:-1]))
        if named is None:
            raise NoResourceError(f"There is no endpoint {path[:_SHOWN_MAX]}. Check the base URL in your IdP.")
        return named, parts[-1]


def _options(endpoint: Endpoint) -> Handler:
    async def tell_methods(_exchange: Exchange, _ident: str) -> Answer:
        return options_answer(endpoint.allow)

    return tell_methods


def routes_at(template: str, methods: Mapping[str, Served]) -> list[Route]:
    """Return the routes of one template."""
    return [Route(method, template, served) for method, served in methods.items()]
