"""What stands against a proposal, or should be known before it is applied: in words, never as a failure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from directory.model import AccessRole, Actor
from directory.proposals import AddMapping, LockRole, Proposal, SetDefaultRole, SetMappingRole, UnlockRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to know before applying; ``refuses``: it cannot be applied like this."""

    kind: Literal[
        "no administrator", "privileged default", "consent", "beyond you", "own account", "deciding", "nobody"
    ]
    text: str
    next_step: str = ""
    refuses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """What is known of a proposal once everybody is weighed."""

    proposal: Proposal
    given: AccessRole | None
    """The role that it names."""
    touched_roles: frozenset[AccessRole]
    """The roles of those concerned, before and after, and of a lock the one that it uncovers when it ends."""
    named_roles: frozenset[AccessRole]
    """Those that it gives or takes away by name, whoever has them now."""
    privileged_count: int
    """Users who would be given administration."""
    changed_count: int
    kept_count: int
    leaves_no_administrator: bool
    deciding: bool


def findings_for(weighing: Weighing, *, by: Actor) -> tuple[Finding, ...]:
    """Return what to tell whoever is about to apply it, refusals first."""
    found = [*_refusals(weighing, by=by), *_remarks(weighing)]
    return tuple(sorted(found, key=lambda finding: not finding.refuses))


def asks_consent(weighing: Weighing) -> bool:
    """Whether it gives administration through a group: a mapping to such a role, or anybody who comes by it."""
    given, proposal = weighing.given, weighing.proposal
    if isinstance(proposal, LockRole | UnlockRole | SetDefaultRole):
        return False
    named = isinstance(proposal, AddMapping | SetMappingRole) and given is not None and given.privileged
    return named or weighing.privileged_count > 0


def _refusals(weighing: Weighing, *, by: Actor) -> Iterator[Finding]:
    if weighing.leaves_no_administrator:
        yield Finding(
            kind="no administrator",
            text="It would leave nobody active who administers this tenant.",
            next_step="Give the role Administrator to another active user first.",
            refuses=True,
        )
    given = weighing.given
    if isinstance(weighing.proposal, SetDefaultRole) and given is not None and not given.may_be_default:
        yield Finding(
            kind="privileged default",
            text=f"{given.name} manages people or carries administration, which nobody gets by default.",
            next_step="Choose another role, or map a group to it.",
            refuses=True,
        )
    if isinstance(weighing.proposal, LockRole | UnlockRole) and weighing.proposal.user_id == by.user_id:
        yield Finding(
            kind="own account",
            text="It is your own account: nobody locks or unlocks their own access role.",
            next_step="Ask an administrator to do it.",
            refuses=True,
        )
    if _is_beyond(weighing, by=by):
        yield Finding(
            kind="beyond you",
            text="It gives or takes away more than your own role carries.",
            next_step="Ask an administrator to do it.",
            refuses=True,
        )


def _is_beyond(weighing: Weighing, *, by: Actor) -> bool:
    """Nobody gives away, or takes away, more than they have; administration through groups takes settings too."""
    if by.kind == "system":
        return False
    if any(not role.permissions <= by.reach for role in weighing.touched_roles | weighing.named_roles):
        return True
    return asks_consent(weighing) and "settings:manage" not in by.reach


def _remarks(weighing: Weighing) -> Iterator[Finding]:
    if asks_consent(weighing):
        count = weighing.privileged_count
        people = (
            "Members of this group may" if not count else "1 person would" if count == 1 else f"{count:,} people would"
        )
        yield Finding(
            kind="consent",
            text=f"{people} administer Rolebook through a group of the identity provider.",
            next_step="Whoever manages the group there decides who administers here: applying it needs your consent.",
        )
    if weighing.deciding:
        yield Finding(
            kind="deciding",
            text="Roles are still being decided after an earlier change.",
            next_step="These numbers can move until that is done; what you apply is checked again.",
        )
    if not weighing.changed_count:
        kept = weighing.kept_count > 0
        yield Finding(kind="nobody", text="Only the lock changes: the role stays." if kept else "Nobody changes role.")
