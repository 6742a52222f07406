"""PostgreSQL's own wall between tenants: which rows the application's roles reach, whatever a statement asks for."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple
from uuid import UUID

from directory.store.rights import quoted
from directory.store.tenancy import HOUSE, Scope

SETTING = "rolebook.tenant"
"""The setting of a transaction, or of a connection, that says whose rows it reaches; unset: nobody's."""

# As it stands, without a subquery and without OR: PostgreSQL then compares the setting once with the tenant that the
# statement names, and plans as if there was no policy. Any other form is looked at row by row (measured).
MINE = f"{{column}} = nullif(current_setting('{SETTING}', true), '')::uuid"

TABLES = """
SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS walled, pg_get_userbyid(c.relowner) AS owner,
  CASE WHEN c.relname = 'tenant_row' THEN 'id' ELSE 'tenant_id' END AS tenant_column,
  coalesce((SELECT string_agg(p.policyname || ':' || array_to_string(p.roles, ','), ' ' ORDER BY p.policyname)
    FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = c.relname), '') AS policies
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND (c.relname = 'tenant_row' OR EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid
    AND a.attname = 'tenant_id' AND NOT a.attisdropped))
ORDER BY c.relname
"""
"""Each table of tenants, and the wall around it."""

HOUSE_STANDS = """
SELECT current_setting('server_version_num')::int >= 160000 AS by_grant,
  EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = $1::text) AS exists,
  EXISTS (SELECT 1 FROM pg_auth_members m JOIN pg_roles h ON h.oid = m.roleid JOIN pg_roles a ON a.oid = m.member
    WHERE h.rolname = $1::text AND a.rolname = $2::text
    AND NOT coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, a.rolinherit)) AS granted,
  EXISTS (SELECT 1 FROM pg_roles a WHERE a.rolname = $2::text AND (a.rolsuper OR a.rolbypassrls)) AS passes
"""
"""What there is of the role of the house, and whether the application's role passes every wall as it is."""

STANDING = """
SELECT current_user AS role, coalesce(row_security_active(w.oid), false) AS active,
  coalesce(pg_has_role(current_user, c.relowner, 'USAGE'), false) AS owns,
  (SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles r WHERE r.rolname = current_user) AS passes
FROM (SELECT to_regclass('public.user_row')::oid AS oid) w LEFT JOIN pg_class c ON c.oid = w.oid
"""
"""How the role of a connection stands to the wall."""

Standing = Literal["in force", "owner", "passes", "off"]

OPEN: Mapping[str, str] = {
    "owner": "the application connects as the owner of the tables",
    "passes": "the application connects as a superuser, or as a role with BYPASSRLS",
    "off": "the owner has not migrated for the application's role, or may not create roles (see operations.md)",
}
"""Why the wall does not stand."""


class WalledTable(NamedTuple):
    """A table as the catalogue of PostgreSQL has it."""

    name: str
    walled: bool
    owner: str
    tenant_column: str
    policies: str


def house_role(application_role: str) -> str:
    """Return the name of the role that reaches the rows of all tenants; the application changes to it where it says so.

    Nobody signs in as it. A name of PostgreSQL has 63 bytes.
    """
    return f"{application_role[:57]}_house"


def policies_for(table: WalledTable, application_role: str) -> list[str]:
    """Return the statements that put the wall around a table; none if it stands."""
    name, house = quoted(table.name), quoted(house_role(application_role))
    mine = MINE.format(column=table.tenant_column)
    wanted = {
        "of_a_tenant": f"USING ({mine}) WITH CHECK ({mine})",
        "of_the_house": f"TO {house} USING (true) WITH CHECK (true)",
        "of_the_owner": f"TO {quoted(table.owner)} USING (true) WITH CHECK (true)",
    }
    created = [f"CREATE POLICY {policy} ON {name} {terms}" for policy, terms in wanted.items()]
    dropped = [f"DROP POLICY IF EXISTS {policy} ON {name}" for policy in wanted]
    return [*dropped, *created, f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"]


def expected_policies(table: WalledTable, application_role: str) -> str:
    """Return how the catalogue names the policies of a table whose wall stands."""
    roles = {"of_a_tenant": "public", "of_the_house": house_role(application_role), "of_the_owner": table.owner}
    return " ".join(f"{policy}:{role}" for policy, role in sorted(roles.items()))


def walls_for(tables: Iterable[WalledTable], application_role: str) -> list[str]:
    """Return the statements for all tables whose wall is missing or another one."""
    return [
        statement
        for table in tables
        if not table.walled or table.policies != expected_policies(table, application_role)
        for statement in policies_for(table, application_role)
    ]


def house_for(application_role: str, *, exists: bool, by_grant: bool) -> list[str]:
    """Return the statements that make the role of the house.

    The application may change to it, and never has its rights by itself: since PostgreSQL 16 that is a property of the
    grant (``by_grant``), before of the application's role.
    """
    who, house = quoted(application_role), quoted(house_role(application_role))
    made = [] if exists else [f"CREATE ROLE {house} NOLOGIN"]
    if by_grant:
        return [*made, f"GRANT {house} TO {who} WITH INHERIT FALSE, SET TRUE"]
    return [*made, f"ALTER ROLE {who} NOINHERIT", f"GRANT {house} TO {who}"]


def standing_for(row: Mapping[str, Any]) -> Standing:
    """Return how a role stands to the wall, from what ``STANDING`` found."""
    if row["passes"]:
        return "passes"
    if not row["active"]:
        return "off"
    return "owner" if row["owns"] else "in force"


def setting_for(scope: Scope | None) -> str:
    """Return the setting of a scope that is no house: an id, or nothing at all."""
    return str(scope) if isinstance(scope, UUID) else ""


def turn_in_unit(scope: Scope, house: str) -> str:
    """Return what is said inside a transaction when it becomes another's turn."""
    if scope is HOUSE:
        return f"SET LOCAL ROLE {quoted(house)}"
    return f"SET LOCAL ROLE NONE; SET LOCAL {SETTING} = '{setting_for(scope)}'"
