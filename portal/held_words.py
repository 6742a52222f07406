"""What the guard did, in words: what was held, why, and what happens next."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from directory.held import HeldHeap, HeldLine, HeldState, Why

STATES: Mapping[HeldState, str] = MappingProxyType(
    {
        "waiting": "Waiting",
        "approved": "Approved",
        "rejected": "Rejected",
        "expired": "Expired",
        "overtaken": "Overtaken",
    }
)
STATE_SENTENCES: Mapping[HeldState, str] = MappingProxyType(
    {
        "waiting": "Reported by an identity provider, and without effect until somebody decides.",
        "approved": "Approved here: access is now what was reported, or will be in a moment.",
        "rejected": "Rejected here: access stays as it was until the provider reports otherwise.",
        "expired": "Nobody decided in time: access stays as it was. They can still be approved.",
        "overtaken": "The provider took it back, or somebody did it here, before it took effect.",
    }
)
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "disable": "Disabled at the source",
        "delete": "Deleted at the source",
        "leave": "Left the group",
        "join": "Joined the group",
    }
)

UNKNOWN = "unknown"


def change_words(line: HeldLine, names: Mapping[UUID, str]) -> tuple[str, str]:
    """Return status or role now, and as it would be."""
    role = names.get(line.role_id, UNKNOWN) if line.role_id is not None else UNKNOWN
    now = role if line.active else f"Disabled ({role})"
    match line.held.kind:
        case "disable":
            return now, "Disabled"
        case "delete":
            return now, "Deleted"
        case _:
            from_role = line.held.from_role_id
            to_role = line.held.to_role_id
            before = role if from_role is None else names.get(from_role, role)
            return before, "By the rest of their groups" if to_role is None else names.get(to_role, UNKNOWN)


def change_sentence(line: HeldLine) -> str:
    """Return what the source reports of a user, and that it has no effect."""
    what = {
        "disable": "Reported disabled",
        "delete": "Reported deleted",
        "leave": f"Reported to have left {line.group_name}",
        "join": f"Reported as a member of {line.group_name}",
    }[line.held.kind]
    state = {"waiting": "held by the guard", "approved": "approved, on its way"}.get(
        line.held.state, f"held by the guard, {line.held.state}"
    )
    return f"{what}: {state}"


def why_words(why: Why) -> str:
    """Return why it was held, with the numbers as they were."""
    match why.rule:
        case "emptied":
            return (
                f"The group would have lost {why.wanted:,} of its {why.limit:,} members. A group of more than 10 that"
                " loses over half keeps them until somebody decides."
            )
        case "users":
            return (
                f"The limit is {why.limit:,} users in 24 hours: {why.spent:,} had lost access,"
                f" and {why.wanted:,} more did not fit."
            )
        case _:
            return (
                f"The limit is {why.limit:,} in 24 hours, where a role loss counts 1 and a grant or loss of"
                f" administration 10: {why.spent:,} were spent, and {why.wanted:,} more did not fit."
            )


def heap_words(heap: HeldHeap, *, more: bool = False) -> str:
    """Return what waits of one kind; ``more``: at least so many, since only the newest were counted."""
    people = "user" if heap.count == 1 else "users"
    group = heap.newest.group_name or "a group"
    what = {"disable": "disabled", "delete": "deleted", "leave": f"out of {group}", "join": f"into {group}"}
    return f"{heap.count:,}{'+' if more else ''} {people} {what[heap.newest.held.kind]}"
