"""scim2-server as its package offers it: its storage in memory behind its ASGI application, with a bearer token."""

import os

from scim2_models import ScimProvider, UnauthorizedException
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME
from scim2_server.utils import load_default_resource_types, load_default_schemas, load_default_service_provider_config


class BearerApplication(ASGIApplication):
    """The application of the package, with the check of its own test server."""

    def check_auth(self, request: ScimRequest) -> None:
        """Refuse a request without the token."""
        if request.header("Authorization") != f"Bearer {os.environ['BENCH_TOKEN']}":
            raise UnauthorizedException


config = load_default_service_provider_config()
config.authentication_schemes = [BEARER_TOKEN_SCHEME]
provider = ScimProvider.from_discovery(
    load_default_schemas().values(), load_default_resource_types().values(), config=config
)
app = BearerApplication(AsyncInMemoryStorage(), provider, ScimService(provider, secret="bench"))
