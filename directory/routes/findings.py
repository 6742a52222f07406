"""What stands against a change of the rules, or should be known before it is applied: in words. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from directory.routes.drafts import AddRule, EditRule, RuleChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to know before applying."""

    kind: Literal["gone", "guard", "holders", "meets", "consent", "no role", "unrouted", "walking", "nobody"]
    text: str
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardNote:
    """What a tenant's guard would make of those who leave."""

    kind: Literal["leavers", "grants"]
    name: str
    wanted_count: int
    """Active users who leave, or users who are given administration."""
    left_count: int
    """How many of them pass now."""

    @property
    def held_count(self) -> int:
        """How many would be held."""
        return max(self.wanted_count - self.left_count, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What is known once everybody is weighed, in numbers and names."""

    change: RuleChange | None
    total: int
    newly_unrouted_count: int
    guards: Sequence[GuardNote]
    holder_count: int
    meeting_counts: Sequence[tuple[str, int]]
    """(tenant, users), where anybody meets somebody."""
    privileged_names: Sequence[str]
    """Tenants in which the role that the rule gives carries administration."""
    privileged_count: int
    """Users who get it there."""
    missing: Sequence[tuple[str, str]]
    """(tenant, role), where a tenant lacks a role that a rule gives."""
    gone: Sequence[str]
    """Rules that lead to deleted tenants."""
    walking: bool


def findings_for(weighed: Weighed) -> tuple[Finding, ...]:
    """Return what to tell whoever is about to apply it, the weightiest first."""
    return (*_weighty(weighed), *_remarks(weighed))


def _weighty(weighed: Weighed) -> Iterator[Finding]:
    if weighed.privileged_names and isinstance(weighed.change, AddRule | EditRule):
        where = _listed(weighed.privileged_names)
        yield Finding(
            kind="consent",
            text=f"The rule gives administration in {where}, to {_people(weighed.privileged_count)} now.",
            next_step="Whoever fits the rule later administers there too: applying it needs your consent.",
        )
    over = [note for note in weighed.guards if note.held_count]
    for note in over[:5]:
        yield _guard_finding(note)
    if weighed.holder_count:
        yield Finding(
            kind="holders",
            text=f"{_people(weighed.holder_count)} leave a tenant in which they have equipment or a role lock.",
            next_step="Return tasks are opened there for the equipment, and the locks rest. They are listed below.",
        )
    for name, count in list(weighed.meeting_counts)[:5]:
        yield Finding(
            kind="meets",
            text=f"{_people(count)} come to {name}, where somebody has the same user name or e-mail address.",
            next_step="Nobody is taken over: the adoption queue there decides, and until then they are not in it.",
        )
    for tenant, role in list(weighed.missing)[:5]:
        yield Finding(
            kind="no role",
            text=f"{tenant} has no role {role}.",
            next_step="Those whom the rule leads there are marked, until the tenant has that role or the rule another.",
        )


def _guard_finding(note: GuardNote) -> Finding:
    if note.kind == "leavers":
        return Finding(
            kind="guard",
            text=f"{_people(note.wanted_count)} leave {note.name}, whose guard lets {note.left_count:,} more go now.",
            next_step=f"{note.held_count:,} would be held there, in both tenants until somebody decides.",
        )
    return Finding(
        kind="guard",
        text=f"{_people(note.wanted_count)} get administration in {note.name}, where the guard lets"
        f" {note.left_count:,}.",
        next_step=f"{note.held_count:,} would be marked as refused, and tried again when they are routed next.",
    )


def _remarks(weighed: Weighed) -> Iterator[Finding]:
    if weighed.newly_unrouted_count:
        yield Finding(
            kind="unrouted",
            text=f"{_people(weighed.newly_unrouted_count)} would be in no tenant any more, but in the unrouted queue.",
        )
    for label in list(weighed.gone)[:5]:
        yield Finding(
            kind="gone",
            text=f"The rule {label} names a tenant that was deleted.",
            next_step="Nobody is led there; who fits only such a rule waits in the unrouted queue.",
        )
    if weighed.walking:
        yield Finding(
            kind="walking",
            text="Users are still being brought to where an earlier change leads them.",
            next_step="These numbers can move until that is done; what you apply is checked again.",
        )
    if not weighed.total:
        yield Finding(kind="nobody", text="Nobody goes anywhere else.")


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:3]) + ([f"{len(names) - 3:,} more"] if len(names) > 3 else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
