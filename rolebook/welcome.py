"""What ``serve`` prints: where it is, and on an empty database how to begin."""

import shlex
from datetime import datetime

from directory import tenants
from rolebook import provision
from rolebook.command import Answer
from rolebook.settings import Settings

TENANT_NAME = "Example"
TENANT_SLUG = "example"
ADMINISTRATOR = "admin"


async def welcome(
    settings: Settings, program: str, *, now: datetime, database_flag: str | None = None
) -> tuple[Answer, list[str]]:
    """Return what to print when the server starts, for a program and for a person.

    An empty database gets a tenant with a local administrator, so that there is somebody to sign in.
    """
    known = await tenants.list_tenants()
    options = where(settings, database_flag)
    if not known:
        return await begin(settings, program, options, now=now)
    lines = [
        f"Rolebook serves at {settings.base_url}",
        "",
        "A new sign-in link for somebody who cannot get in:",
        f"  {program} user link --tenant {known[0].slug} --user-name NAME{options}",
    ]
    return {"url": settings.base_url}, lines


async def begin(settings: Settings, program: str, options: str, *, now: datetime) -> tuple[Answer, list[str]]:
    """Create the first tenant and its administrator, and say how to go on."""
    await provision.create_tenant(TENANT_NAME, slug=TENANT_SLUG, parent_slug=None, now=now)
    person = provision.Person(user_name=ADMINISTRATOR, role="administrator", display_name="Administrator")
    made = await provision.create_user(TENANT_SLUG, person, settings.base_url, now=now)
    link = f"user link --tenant {TENANT_SLUG} --user-name {ADMINISTRATOR}{options}"
    source = f"source create --tenant {TENANT_SLUG} --kind scim --preset entra --name Entra{options}"
    lines = [
        f"Rolebook serves at {settings.base_url}",
        "",
        f"Sign in as {ADMINISTRATOR} with this link, once, within an hour:",
        f"  {made['sign_in_url']}",
        "A new link:",
        f"  {program} {link}",
        "",
        "To push users and groups, create a connection in the portal under Configure SCIM, or here:",
        f"  {program} {source}",
        "and give your identity provider its base URL and secret, or try it by hand:",
        "  curl -H 'Authorization: Bearer SECRET' -H 'Content-Type: application/scim+json' \\",
        """    -d '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@example.com"}' \\""",
        f"    {settings.base_url}/scim/v2/Users",
        "or watch a whole company arrive, as Entra would send it:",
        f"  {program} rehearse entra --base-url {settings.base_url}/scim/v2 --secret SECRET --keep",
    ]
    return {"url": settings.base_url, "tenant": TENANT_SLUG, "sign_in_url": made["sign_in_url"]}, lines


def where(settings: Settings, database_flag: str | None = None) -> str:
    """Return the options that tell another command what it would not assume: the address, and the SQLite file.

    The address of PostgreSQL may hold a password, and is never printed.
    """
    database = f" --database-url {shlex.quote(database_flag)}" if database_flag and settings.is_sqlite else ""
    return database + ("" if settings.base_url == Settings().base_url else f" --public-url {settings.base_url}")
