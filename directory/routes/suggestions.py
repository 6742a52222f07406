"""Rules that would take those whom no rule leads anywhere, by what they share with others. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from directory.model import GroupId, JsonObject, TenantId
from directory.names import words_in
from directory.person import ENTERPRISE
from directory.routing import Condition, domain_of, texts_at
from directory.store.routes.rules import Below

SUGGESTIONS_MAX = 10
PATHS = (f"{ENTERPRISE}:department", f"{ENTERPRISE}:organization", f"{ENTERPRISE}:division", "userType")
"""Attributes that say where somebody belongs."""
ALIKE_MIN = 2
"""So many of those who are led to a tenant must be like somebody before a rule is made of it."""


class Likeness(NamedTuple):
    """Something that users share: what a condition could ask for."""

    condition: Condition
    text: str
    """The value, or the name of the group."""


class Looked(NamedTuple):
    """A user as suggestions see it."""

    document: JsonObject
    groups: Mapping[GroupId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A rule that would take some of the queue."""

    condition: Condition
    text: str
    """The value, or the name of the group, that they share."""
    tenant: Below | None
    """Where others like them are, or the tenant that is called like it; None: nobody can tell."""
    taken_count: int
    """How many of those looked at it would take."""
    alike_count: int
    """How many of those looked at who are led to the tenant share it."""
    is_called_so: bool = False
    """Whether the tenant is called exactly as what they share, which says more than where others are."""


def suggest(
    queued: Sequence[Looked], routed: Iterable[tuple[Looked, TenantId]], tenants: Sequence[Below]
) -> list[Suggestion]:
    """Return rules that would take the users of the queue, those first that are surest and take most.

    A tenant is named where nearly all who share it are led, else where its name or slug is what they share.
    """
    wanted: Counter[Likeness] = Counter()
    for user in queued:
        wanted.update(likenesses(user))
    others: dict[Likeness, Counter[TenantId]] = {}
    for user, tenant_id in routed:
        for likeness in likenesses(user) & wanted.keys():
            others.setdefault(likeness, Counter())[tenant_id] += 1
    below = {one.tenant_id: one for one in tenants}
    found = [_suggestion(likeness, count, others.get(likeness), below) for likeness, count in wanted.items()]
    sure = [one for one in found if one.tenant is not None or one.taken_count > 1]
    return sorted(sure, key=_weight)[:SUGGESTIONS_MAX]


def likenesses(user: Looked) -> set[Likeness]:
    """Return what a user may share with others."""
    found = {
        Likeness(Condition(kind="attribute", path=path, values=(text,)), text)
        for path in PATHS
        for text in texts_at(user.document, path)
    }
    if domain := domain_of(user.document):
        found.add(Likeness(Condition(kind="domain", values=(domain,)), domain))
    found |= {Likeness(Condition(kind="group", value=group_id), name) for group_id, name in user.groups.items()}
    return found


def _suggestion(
    likeness: Likeness, count: int, others: Counter[TenantId] | None, below: Mapping[TenantId, Below]
) -> Suggestion:
    tenant, alike = None, 0
    if others:
        tenant_id, alike = others.most_common(1)[0]
        if alike >= ALIKE_MIN and 10 * alike >= 9 * others.total():
            tenant = below.get(tenant_id)
    if tenant is None:
        alike, tenant = 0, _called_like(likeness, list(below.values()))
    return Suggestion(
        condition=likeness.condition,
        text=likeness.text,
        tenant=tenant,
        taken_count=count,
        alike_count=alike,
        is_called_so=tenant is not None and _title(likeness) in _names(tenant),
    )


def _called_like(likeness: Likeness, tenants: Sequence[Below]) -> Below | None:
    """Return the one tenant that is called as what is shared, or, if there is none, the one that it contains."""
    shared = words_in(likeness.text)
    called = _only(one for one in tenants if _title(likeness) in _names(one))
    return called or _only(one for one in tenants if any(_runs_in(name, shared) for name in _names(one)))


def _title(likeness: Likeness) -> tuple[str, ...]:
    """Return the words that are a name by themselves: the first label of a domain, else all of it."""
    text = likeness.text.split(".", 1)[0] if likeness.condition.kind == "domain" else likeness.text
    return words_in(text)


def _names(tenant: Below) -> set[tuple[str, ...]]:
    """Return what a tenant is called, in words: ``branch-2`` and Branch 2 are alike."""
    return {words_in(tenant.slug), words_in(tenant.name)} - {()}


def _runs_in(name: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether the words of a name stand in a text, one behind the other."""
    return any(words[start : start + len(name)] == name for start in range(len(words) - len(name) + 1))


def _only(tenants: Iterable[Below]) -> Below | None:
    found = list(tenants)
    return found[0] if len(found) == 1 else None


def _weight(one: Suggestion) -> tuple[bool, bool, int, int, str]:
    return one.tenant is None, not one.is_called_so, -one.taken_count, -one.alike_count, one.text
