"""One bearer token, compared in memory: less than any real project would do."""

import os
from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

_HEADER = f"Bearer {os.environ['BENCH_TOKEN']}"


class Client:
    """Whoever has the token."""

    is_authenticated = True
    is_anonymous = False


class BearerMiddleware:
    """Lets the client in that has the token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Say who asks, and answer."""
        request.user = Client() if request.headers.get("Authorization") == _HEADER else AnonymousUser()
        return self.get_response(request)
