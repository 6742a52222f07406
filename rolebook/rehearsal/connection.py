"""Whether there is an endpoint at all that knows us: what both providers try before anything else."""

from rolebook.rehearsal.checks import Check
from rolebook.rehearsal.exchange import Request
from rolebook.rehearsal.wire import UnreachableError, Wire

STEP = "test connection"


async def test_connection(wire: Wire, request: Request, *checks: Check) -> None:
    """Ask for nobody, which every endpoint can answer.

    Raises:
        UnreachableError: the secret is refused, or what answers is no SCIM endpoint. The provider would not begin.
    """
    reply = await wire.ask(STEP, request, *checks)
    if reply.status in {401, 403}:
        raise UnreachableError(f"{wire.address} refuses the secret with {reply.status}")
    if not reply.resource().get("schemas"):
        raise UnreachableError(f"{wire.address} is no SCIM endpoint: {request.line} was answered with {reply.shown}")
