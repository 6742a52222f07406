"""``rolebook tenant``: organisations, and what becomes of them."""

from collections.abc import Awaitable, Callable

import click

from directory.model import Actor, TenantId
from directory.store import tenants as rows
from directory.sub_tenants import states
from directory.tenant_states import TenantState
from directory.tenants import system_actor
from rolebook import provision
from rolebook.command import Answer, Run, command


@click.group("tenant")
def of_tenant() -> None:
    """Organisations."""


@of_tenant.command("create")
@click.argument("name")
@click.option("--slug", help="The tenant in addresses; made from the name if not given.")
@click.option("--parent", "parent_slug", help="The slug of its super tenant.")
@command
def create_tenant(run: Run, name: str, slug: str | None, parent_slug: str | None) -> None:
    """Create a tenant called NAME."""
    answer = run.with_directory(lambda: provision.create_tenant(name, slug=slug, parent_slug=parent_slug, now=run.now))
    run.say(answer, f"The tenant {answer['tenant']} is there.")


@of_tenant.command("list")
@command
def list_tenants(run: Run) -> None:
    """List the tenants with their states, deleted ones too."""
    answer = run.with_directory(listed, may_create=False)
    run.say(answer, *(line_of(one) for one in answer["tenants"]))


@of_tenant.command("rename")
@click.argument("slug")
@click.argument("name")
@command
def rename_tenant(run: Run, slug: str, name: str) -> None:
    """Call the tenant SLUG NAME; its slug stays."""
    change(run, slug, lambda tenant_id, by: states.rename_tenant(tenant_id, name, by=by, now=run.now))


@of_tenant.command("suspend")
@click.argument("slug")
@command
def suspend_tenant(run: Run, slug: str) -> None:
    """Let nobody into the tenant SLUG for now."""
    change(run, slug, lambda tenant_id, by: states.suspend_tenant(tenant_id, by=by, now=run.now))


@of_tenant.command("resume")
@click.argument("slug")
@command
def resume_tenant(run: Run, slug: str) -> None:
    """Let people and systems into the tenant SLUG again."""
    change(run, slug, lambda tenant_id, by: states.resume_tenant(tenant_id, by=by, now=run.now))


@of_tenant.command("delete")
@click.argument("slug")
@click.option("--name", "typed", required=True, help="The tenant's name, to be sure that it is the right one.")
@command
def delete_tenant(run: Run, slug: str, typed: str) -> None:
    """Delete the tenant SLUG; it can be restored for 30 days."""
    change(run, slug, lambda tenant_id, by: states.delete_tenant(tenant_id, typed, by=by, now=run.now))


@of_tenant.command("restore")
@click.argument("slug")
@command
def restore_tenant(run: Run, slug: str) -> None:
    """Bring the deleted tenant SLUG back, suspended."""
    change(run, slug, lambda tenant_id, by: states.restore_tenant(tenant_id, by=by, now=run.now))


Deed = Callable[[TenantId, Actor], Awaitable[None]]


def change(run: Run, slug: str, deed: Deed) -> None:
    """Do something with a tenant, deleted or not, and print how it is then."""

    async def work() -> Answer:
        state = await states.get_named(slug)
        await deed(state.tenant.tenant_id, await above(state))
        return told(await states.get_named(slug))

    answer = run.with_directory(work, may_create=False)
    run.say(answer, line_of(answer))


async def listed() -> Answer:
    """Return all tenants."""
    return {"tenants": [told(one) for one in await rows.list_states()]}


async def above(state: TenantState) -> Actor:
    """Return whoever runs this program, acting in the super tenant, which is told; without one in the tenant itself."""
    parent_id = state.tenant.parent_id
    parent = None if parent_id is None else await rows.find_state(parent_id)
    return system_actor((state if parent is None else parent).tenant)


def told(state: TenantState) -> Answer:
    """Return a tenant as it is printed."""
    return {
        "tenant": state.tenant.slug,
        "name": state.tenant.name,
        "state": state.state,
        "erased_after": None if state.erased_after is None else state.erased_after.isoformat(),
    }


def line_of(one: Answer) -> str:
    """Return a tenant as a person reads it."""
    until = "" if one["erased_after"] is None else f", can be restored until {one['erased_after']}"
    return f"{one['tenant']}: {one['name']}, {one['state']}{until}"
