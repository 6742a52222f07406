"""Trying a connection out, step by step, with the credentials that are stored and that nobody is shown."""

from datetime import datetime

from directory.errors import NoKeysError
from directory.key_ring import KeyRingError
from directory.model import Actor, SourceId
from directory.pulls.kinds import Check, CheckStep, current_connectors
from directory.pulls.model import PullSource
from directory.pulls.sources import get_pull_source, open_secrets


async def check_source(source_id: SourceId, *, by: Actor, now: datetime) -> Check:
    """Return how far a pull would come, step by step; nothing is written, here or there.

    Raises:
        NotFoundError: the tenant has no such pulled source.
        InvalidError: its kind is not allowed here any more.
        ForbiddenError: the actor may not manage sources.
        UnavailableError: no connectors are loaded here.
    """
    by.require("sources:manage")
    source = await get_pull_source(by.tenant_id, source_id)
    try:
        secrets = await open_secrets(source)
    except (KeyRingError, NoKeysError):
        return Check(steps=(_UNOPENED,))
    check = await current_connectors().check(source.kind, source.config, secrets, source.rules, now=now)
    return Check(
        steps=(*check.steps, *_identity_steps(source, check)),
        identity=check.identity,
        identity_name=check.identity_name,
        users=check.users,
        groups=check.groups,
        credential_expires_at=check.credential_expires_at,
    )


def _identity_steps(source: PullSource, check: Check) -> tuple[CheckStep, ...]:
    """Compare the directory that answered with the one that was pulled so far."""
    if source.identity is None or check.identity is None or source.identity == check.identity:
        return ()
    name = check.identity_name or check.identity
    return (
        CheckStep(
            key="identity",
            words="The same directory as before",
            outcome="failed",
            detail=f"{name} answered; what is here came from {source.identity_name or source.identity}",
            remedy="Correct the configuration, or make a connection of its own for the other directory.",
        ),
    )


_UNOPENED = CheckStep(
    key="stored",
    words="Open the stored credentials",
    outcome="failed",
    detail="this server does not have the key that they were sealed with",
    remedy="Enter the credentials again, or bring back the key that is missing from ROLEBOOK_KEYS.",
)
