"""Who is assigned to the enterprise application; there is no delta of it, so each pull reads all of it."""

from collections.abc import AsyncIterator

import msgspec

from connectors.addresses import check_same_origin
from connectors.entra.client import GraphClient, decoded
from connectors.errors import SourceError
from connectors.records import ObjectKind, Principal

KINDS: dict[str, ObjectKind] = {"User": "user", "Group": "group"}
NOBODY = "nobody is assigned to the enterprise application"


class _Application(msgspec.Struct):
    id: str


class _Assignment(msgspec.Struct):
    principalId: str  # noqa: N815 as Graph has it
    principalType: str  # noqa: N815 as Graph has it


class _Assignments(msgspec.Struct):
    value: list[_Assignment]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")


async def get_principal_id(client: GraphClient, application_id: str) -> str:
    """Return the id of the enterprise application (service principal).

    Raises:
        SourceError: there is none in this directory, or it may not be read.
    """
    url = f"{client.root}/v1.0/servicePrincipals(appId='{application_id}')?$select=id,displayName"
    try:
        found = await client.read(url, lambda body: decoded(body, _Application))
    except SourceError as error:
        if error.kind == "permission":
            remedy = "Grant the application permission Application.Read.All, with admin consent."
            raise SourceError("permission", "enterprise applications may not be read", remedy=remedy) from error
        if error.kind == "protocol" and "404" in error.words:
            remedy = "Compare the application id, and look under Enterprise applications."
            raise SourceError("config", "the directory has no such enterprise application", remedy=remedy) from error
        raise
    return found.id


async def each_assigned(client: GraphClient, application_id: str) -> AsyncIterator[list[Principal]]:
    """Yield all who are assigned, by page; it is never nobody.

    Raises:
        SourceError: not all can be read, or there is nobody: that is a mistake elsewhere more often than a wish.
    """
    principal_id = await get_principal_id(client, application_id)
    url: str | None = f"{client.root}/v1.0/servicePrincipals/{principal_id}/appRoleAssignedTo?$top=999"
    count = 0
    seen: set[str] = set()
    while url is not None:
        seen.add(url)
        page = await client.read(url, lambda body: _checked(body, client.root, seen))
        assigned = [
            Principal(KINDS[one.principalType], one.principalId) for one in page.value if one.principalType in KINDS
        ]
        count += len(assigned)
        yield assigned
        url = page.next_link
    if not count:
        raise SourceError("config", NOBODY, remedy="Assign users or groups to it, or pull everybody.")


def _checked(body: bytes, root: str, seen: set[str]) -> _Assignments:
    page = decoded(body, _Assignments)
    if page.next_link is not None:
        check_same_origin(page.next_link, root)
        if page.next_link in seen:
            raise SourceError("protocol", "Microsoft Graph leads us round in circles")
    return page
