"""Each request is one tenant's turn, from when it is known whose to the end of the answer."""

from litestar.types import ASGIApp, Receive, Scope, Send

from directory.tenancy import new_turn


def in_own_turn(app: ASGIApp) -> ASGIApp:
    """Return the application with a turn for every request, which ``directory.tenancy.take_turn`` fills."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        with new_turn():
            await app(scope, receive, send)

    return serve
