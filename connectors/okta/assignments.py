"""Who is assigned to the application; read whole in each pull."""

from collections.abc import AsyncIterator

import msgspec

from connectors.errors import SourceError
from connectors.okta.client import OktaClient
from connectors.records import ObjectKind, Principal

PAGE_MAX: dict[ObjectKind, int] = {"user": 500, "group": 200}


class _App(msgspec.Struct):
    id: str
    label: str = ""


class _Assigned(msgspec.Struct):
    id: str


async def get_app_label(client: OktaClient, app_id: str) -> str:
    """Return what the application is called.

    Raises:
        SourceError: there is none of this id, or it may not be read.
    """
    try:
        app = await client.find(f"{client.root}/api/v1/apps/{app_id}", _App, bucket="apps")
    except SourceError as error:
        if error.kind == "permission":
            remedy = "Grant okta.apps.read, or an administrator's role that may read applications."
            raise SourceError("permission", "applications may not be read", remedy=remedy) from error
        raise
    if app is None:
        raise SourceError("config", "the organisation has no such application", remedy="Compare the application's id.")
    return app.label or app.id


async def each_assigned(client: OktaClient, app_id: str) -> AsyncIterator[list[Principal]]:
    """Yield all who are assigned, by page; it is never nobody.

    Raises:
        SourceError: not all can be read, or there is nobody: that is a mistake elsewhere more often than a wish.
    """
    await get_app_label(client, app_id)
    count = 0
    for kind, limit in PAGE_MAX.items():
        url: str | None = f"{client.root}/api/v1/apps/{app_id}/{kind}s?limit={limit}"
        seen: set[str] = set()
        while url is not None:
            seen.add(url)
            listed = await client.list_page(url, _Assigned, bucket="apps", limit=limit)
            if listed.gone or listed.follows in seen:
                raise SourceError("protocol", "Okta does not let us read who is assigned to the end")
            count += len(listed.items)
            yield [Principal(kind, one.id) for one in listed.items]
            url = listed.follows
    if not count:
        remedy = "Assign people or groups to it, or pull everybody."
        raise SourceError("config", "nobody is assigned to the application", remedy=remedy)
