"""Places of super tenants and of the tenants below them."""

from portal.place import Place

FAMILY_PLACES = (
    Place(
        segment="scoped-views",
        label="Who looked in",
        sign="eye",
        sentence="Operators of the super tenant who opened a tenant below it, why, and who lets them in.",
        shelf="settings",
        words=("Scoped views", "Impersonation", "Super administrator", "Consent", "Support access", "Sub tenants"),
        kin="family",
    ),
    Place(
        segment="tenants",
        label="Tenants",
        sign="people",
        sentence="The tenants below this one with their figures: created, renamed, suspended, deleted, decided for.",
        shelf="main",
        words=("Sub tenants", "Organisations", "Companies", "Super tenant", "Suspend", "Policies of a tenant"),
        old_paths=("settings/tenants", "organizations", "organisations"),
        kin="super",
    ),
    Place(
        segment="routing",
        label="Routing rules",
        sign="ladder",
        sentence="Which users and groups go to which of the tenants below, in order, and where the others go.",
        shelf="main",
        words=("Routing", "Route users", "Sub tenant rules", "Fallback", "First match", "Matrix"),
        kin="super",
    ),
    Place(
        segment="unrouted",
        label="Unrouted users",
        sign="people",
        sentence="Users whom no routing rule leads anywhere, and rules that would take them.",
        shelf="hidden",
        words=("Unrouted queue", "Without a tenant", "Suggested rules"),
        kin="super",
    ),
    Place(
        segment="tenants/new",
        label="New tenant",
        sign="plus",
        sentence="Create a tenant below this one, with its first administrator.",
        shelf="hidden",
        words=("Create a sub tenant", "Add organisation", "Become a super tenant"),
        needs="settings:manage",
        kin="top",
    ),
    Place(
        segment="switch",
        label="Go to another tenant",
        sign="arrow",
        sentence="The tenants below this one, each opened in a scoped view.",
        shelf="hidden",
        words=("Tenant switcher", "Switch tenant", "Open in a scoped view", "Login as"),
        kin="super",
    ),
)  # fmt: skip
