"""Which tenants rest, suspended or deleted ones: what goes out of them, and what operators had begun, waits."""


def awake(column: str) -> str:
    """Return the condition that the tenant in ``column`` is neither suspended nor deleted; its index has only those."""
    return f"{column} NOT IN (SELECT z.id FROM tenant_row z WHERE z.suspended_at IS NOT NULL)"
