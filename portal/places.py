"""The places of the portal: what navigation, the settings index, the search and old names lead to."""

from collections.abc import Callable

from directory.model import Permission
from portal.family_places import FAMILY_PLACES
from portal.place import Kin as Kin  # noqa: PLC0414  # whoever reads places needs it
from portal.place import Place as Place  # noqa: PLC0414  # as above

PLACES = (
    Place(
        segment="overview",
        label="Overview",
        sign="home",
        sentence="Whether provisioning is well, and what needs attention.",
        shelf="main",
        words=("Dashboard", "Home", "First steps", "Needs attention"),
        old_paths=("dashboard", "home"),
    ),
    Place(
        segment="sub-accounts",
        label="Sub Accounts",
        sign="people",
        sentence="Everybody of this tenant, pushed or local, with status and access role.",
        shelf="main",
        words=("Settings > Sub Accounts", "Users tab", "Users", "People", "Accounts", "Loanees", "Role lock", "Export"),
        old_paths=("settings/sub-accounts", "users", "users-tab", "accounts", "people"),
    ),
    Place(
        segment="groups",
        label="Groups",
        sign="group",
        sentence="What was pushed, with members, waiting members and the mapping.",
        shelf="main",
        words=("User Groups", "Push Groups", "Nested groups", "Waiting members"),
        old_paths=("user-groups", "push-groups", "settings/user-groups"),
    ),
    Place(
        segment="equipment",
        label="Equipment",
        sign="box",
        sentence="Who has which item, what is due, and what people who left still have to return.",
        shelf="main",
        words=("Assets", "Laptops", "Loans", "Inventory", "Check-out", "Check-in", "Loaned equipment", "Import CSV"),
        old_paths=("assets", "inventory", "loans"),
    ),
    Place(
        segment="equipment/returns",
        label="Equipment to return",
        sign="box",
        sentence="Disabled and deleted people who still have equipment, and who was asked to get it back.",
        shelf="hidden",
        words=("Return tasks", "Offboarding", "Leavers", "Disabled users with equipment"),
    ),
    Place(
        segment="activity",
        label="Activity",
        sign="pulse",
        sentence="Every change in words, and every SCIM request with its body.",
        shelf="main",
        words=("Provisioning log", "Audit log", "Log", "Events", "Requests", "Errors", "History"),
        old_paths=("log", "logs", "audit-log", "provisioning-logs"),
    ),
    Place(
        segment="activity/requests",
        label="Requests",
        sign="pulse",
        sentence="What the identity providers asked and were answered, reads and refusals included.",
        shelf="hidden",
        words=("SCIM requests", "Failed requests", "HTTP log", "Correlation id", "Reference"),
    ),
    Place(
        segment="held",
        label="Held changes",
        sign="shield",
        sentence="What a provider reported and the guard did not let take effect: approve or reject it.",
        shelf="main",
        words=("Guard", "Deprovision guard", "Mass change", "Approvals", "Accidental deletion", "Held", "Pending"),
        old_paths=("guard", "approvals"),
    ),
    Place(
        segment="held/limits",
        label="Limits of the guard",
        sign="shield",
        sentence="How much a provider may take away in 24 hours, and letting more pass once.",
        shelf="hidden",
        words=("Guard limits", "Threshold", "Accidental deletion prevention", "Deprovision limit"),
        needs="settings:manage",
    ),
    Place(
        segment="attention",
        label="Needs attention",
        sign="bell",
        sentence="What waits for somebody, sorted by risk.",
        shelf="hidden",
        words=("Warnings", "Health", "Expiring secret"),
    ),
    Place(
        segment="reports",
        label="Reports",
        sign="chart",
        sentence="Leavers with equipment, people in no feed, role changes, locks and secrets: on screen and by mail.",
        shelf="main",
        words=(
            "Report on disabled users with equipment", "Disabled users with equipment", "Orphans", "Role changes",
            "Administrators", "Expiring secrets", "Waiting references", "Never seen",
        ),
        old_paths=("report", "settings/reports"),
    ),
    Place(
        segment="reports/schedules",
        label="Schedules of reports",
        sign="mail",
        sentence="Which report is mailed to whom and when, and what became of it.",
        shelf="hidden",
        words=("Scheduled reports", "Report by mail", "Subscriptions", "Test send"),
    ),
    Place(
        segment="configure-scim",
        label="Configure SCIM",
        sign="plug",
        sentence="Endpoint and secrets, the guide for your identity provider, the live set-up check and the policies.",
        shelf="settings",
        words=(
            "Settings > Integrations > Configure SCIM",
            "Settings > SAML Settings > Configure SCIM",
            "Manage SCIM",
            "Configuration > Authentication Settings > What's Next > Setup SCIM",
            "Endpoint", "Token", "Tenant URL", "Secret Token", "Base URL", "API Token", "One active secret",
            "Rotate secret", "SCIM administrator user", "Attribute mapping", "Matching precedence", "Manager",
            "Supervisor", "Department", "Provision on demand", "Resync now", "Simulate payload", "Sync frequency",
            "Turn SCIM off",
        ),
        old_paths=(
            "settings/integrations", "settings/integrations/configure-scim", "settings/saml-settings",
            "settings/saml-settings/configure-scim", "settings/configure-scim", "settings/manage-scim", "manage-scim",
            "setup-scim", "scim", "configuration/authentication-settings",
            "configuration/authentication-settings/setup-scim",
            "configuration/authentication-settings/whats-next/setup-scim",
        ),
    ),
    Place(
        segment="connectors",
        label="Connectors",
        sign="download",
        sentence="Microsoft Entra ID and Okta asked every half hour, to provision or to compare with what was pushed.",
        shelf="settings",
        words=(
            "Settings > Integrations > Connectors", "Pull", "Microsoft Graph", "Graph API", "Okta API", "Azure AD",
            "Import users", "Directory sync", "Sync now", "Full resync", "Dry run", "Drift", "Schedule",
            "Attribute mapping",
        ),
        old_paths=("settings/connectors", "settings/integrations/connectors", "directory-sync", "pull"),
    ),
    Place(
        segment="group-mappings",
        label="Group Mappings",
        sign="ladder",
        sentence="Which pushed group gives which access role, in order, and the role of everybody else.",
        shelf="settings",
        words=("Default Access Role", "Default Role (for SCIM users without groups)", "Role mapping", "Priority"),
        old_paths=("settings/group-mappings", "default-access-role", "default-role", "settings/default-access-role"),
    ),
    Place(
        segment="roles",
        label="Roles",
        sign="key",
        sentence="What each access role may do, who has it, and roles of your own.",
        shelf="settings",
        words=(
            "Access roles", "Permissions", "Custom roles", "Administrator", "User Manager", "Editor", "Viewer",
            "Loanee",
        ),
        old_paths=("settings/roles", "access-roles", "permissions"),
    ),
    Place(
        segment="role-locks",
        label="Role locks",
        sign="lock",
        sentence="Who is kept at which role, why and until when, and what is due for review.",
        shelf="settings",
        words=("Role lock", "Locked users", "Lock review", "Due for review"),
        old_paths=("settings/role-locks", "role-lock", "locks"),
    ),
    Place(
        segment="attribute-fields",
        label="Attribute fields",
        sign="filter",
        sentence="Attributes that the provider sends, under names of your own: shown, listed and filtered by.",
        shelf="settings",
        words=("Attribute mapping", "Custom attributes", "Custom fields", "Cost centre", "Employee number", "Division"),
        old_paths=("custom-fields", "settings/custom-fields", "settings/attribute-mapping"),
        needs="settings:manage",
    ),
    Place(
        segment="conversion",
        label="Convert user IDs to e-mail",
        sign="mail",
        sentence="Make e-mail addresses the user names: scanned, previewed, done in the background, undoable.",
        shelf="settings",
        words=("Convert all User IDs to use e-mail", "User ID", "User names", "Former user names", "Alias"),
        old_paths=("convert-user-ids", "settings/convert-user-ids", "settings/convert-all-user-ids"),
        needs="settings:manage",
    ),
    Place(
        segment="equipment-api",
        label="Equipment API",
        sign="plug",
        sentence="The address and the keys by which an asset system reads and writes equipment.",
        shelf="settings",
        words=("Asset system", "JSON API", "OpenAPI", "API key", "Token"),
        old_paths=("settings/equipment-api",),
    ),
    Place(
        segment="alerts",
        label="Alerts",
        sign="bell",
        sentence="What is the matter, who is told of it by mail, and mails that may not have arrived.",
        shelf="settings",
        words=(
            "Notifications", "E-mail", "Mail", "Recipients", "Monitoring by e-mail", "Failure e-mails", "Digest",
            "Outbox", "Test mail", "Acknowledge",
        ),
        old_paths=("settings/alerts", "notifications", "settings/notifications", "settings/e-mail"),
    ),
    Place(
        segment="webhooks",
        label="Webhooks",
        sign="external",
        sentence="Where chosen events are sent to, signed, with a log of every delivery.",
        shelf="settings",
        words=("Outgoing webhooks", "HTTP callbacks", "Event subscriptions", "Signing secret", "Replay"),
        old_paths=("settings/webhooks",),
        needs="settings:manage",
    ),
    Place(
        segment="adoption",
        label="Adoption",
        sign="people",
        sentence="Who was sent and may be somebody who is here: compared, adopted, kept apart or rejected.",
        shelf="settings",
        words=("Adoption queue", "Matching", "Merge users", "Link accounts", "Duplicates", "Conflicts", "Re-hire"),
        old_paths=("settings/adoption", "adoption-queue", "duplicates"),
    ),
    Place(
        segment="deleted-users",
        label="Deleted users",
        sign="trash",
        sentence="Who was deleted, how long they can come back, and what they still hold.",
        shelf="hidden",
        words=("Deleted", "Tombstones", "Restore", "Grace", "Recycle bin", "Purge", "Erase"),
        old_paths=("settings/deleted-users", "deleted", "recycle-bin"),
    ),
    Place(
        segment="waiting-references",
        label="Waiting references",
        sign="clock",
        sentence="Managers and members who are named and have not arrived.",
        shelf="hidden",
        words=("Manager", "Supervisor", "Waiting members", "Unresolved references", "Pending"),
        old_paths=("waiting",),
    ),
    Place(
        segment="settings",
        label="Settings",
        sign="gear",
        sentence="Where things are set up, with the names they have elsewhere.",
        shelf="hidden",
        words=("Configuration", "Preferences", "Administration"),
        old_paths=("configuration", "preferences"),
    ),
    *FAMILY_PLACES,
    Place(
        segment="own-account",
        label="Own account",
        sign="key",
        sentence="Your password, second factor and recovery codes, and where you are signed in.",
        shelf="hidden",
        words=("My account", "Profile", "Change password", "Two-factor", "2FA", "MFA", "Authenticator", "Sessions"),
        old_paths=("account", "my-account", "profile"),
    ),
    Place(
        segment="sub-accounts?status=disabled",
        label="Disabled users",
        sign="stop",
        sentence="Users whose sign-in is refused; they keep the role underneath.",
        shelf="hidden",
        words=("Disabled", "Deactivated", "Leavers"),
        old_paths=("disabled-users",),
    ),
)  # fmt: skip


def find_places(text: str, *, may: Callable[[Permission], bool], is_kin: Callable[[Kin], bool]) -> list[Place]:
    """Return the places whose name, sentence or words have every word of ``text``; those named so come first.

    ``may`` tells which permissions the operator has, ``is_kin`` which places are of the tenant.
    """
    wanted = text.casefold().split()
    if not wanted:
        return []
    open_here = [place for place in PLACES if may(place.needs) and is_kin(place.kin)]
    found = [place for place in open_here if all(word in _haystack(place) for word in wanted)]
    return sorted(found, key=lambda place: not all(word in place.label.casefold() for word in wanted))


def _haystack(place: Place) -> str:
    return "\n".join((place.label, place.sentence, *place.words)).casefold()
