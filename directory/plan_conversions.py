"""What the conversion of user names to e-mail comes to for one user."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from directory.errors import InvalidError
from directory.facts import Moment
from directory.mail_addresses import parse_address
from directory.model import User, UserAttributes, UserId
from directory.names import name_key
from directory.person import check_user, emails_of, promoted_from
from directory.plan import AttributeChange, Event, Plan
from directory.renames import Alias, Rename, RenameUsers

Kind = Literal["convert", "already", "conflict"]
KINDS: tuple[Kind, ...] = ("convert", "already", "conflict")

Reason = Literal["", "missing", "invalid", "spelling", "twice", "disabled", "taken", "alias"]
"""Why a user name cannot simply become the e-mail; empty for what is no conflict."""

Outcome = Literal[
    "done",
    "changed",
    "gone",
    "taken",
    "beyond",
    "invalid",
    "restored",
    "undo changed",
    "undo gone",
    "undo taken",
    "undo beyond",
    "undo invalid",
]
"""What came of a user: converted and restored, or why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Somebody whom an address leads to as well."""

    user_id: UserId
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What the verdict on one user rests on."""

    user_id: UserId
    user_name: str
    email: str | None
    """The main e-mail."""
    named: Other | None = None
    """Who has the address as user name."""
    formerly: Other | None = None
    """Who had it, and is still found by it."""
    shared: Other | None = None
    """Who has it as main e-mail too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is to become of a user name."""

    user_id: UserId
    kind: Kind
    reason: Reason = ""
    other_id: UserId | None = None
    """Whom the conflict is with."""
    new_name: str | None = None
    """The user name to be; None leaves it as it is."""


def is_address(text: str) -> bool:
    """Whether a text is an e-mail address to which mail could be sent, and nothing besides."""
    try:
        return parse_address(text) == text
    except InvalidError:
        return False


def verdict_on(scanned: Scanned) -> Verdict:
    """Return what becomes of a user name: the main e-mail, unless something stands against it."""
    email, user_id = scanned.email, scanned.user_id
    if not email:
        return Verdict(user_id=user_id, kind="conflict", reason="missing")
    if not is_address(email):
        return Verdict(user_id=user_id, kind="conflict", reason="invalid")
    if scanned.user_name == email:
        return Verdict(user_id=user_id, kind="already")
    if name_key(scanned.user_name) == name_key(email):
        return Verdict(user_id=user_id, kind="conflict", reason="spelling")
    for other, reason in _against(scanned):
        if other is not None:
            said: Reason = "disabled" if reason == "twice" and not other.active else reason
            return Verdict(user_id=user_id, kind="conflict", reason=said, other_id=other.user_id)
    return Verdict(user_id=user_id, kind="convert", new_name=email)


def _against(scanned: Scanned) -> Sequence[tuple[Other | None, Reason]]:
    return ((scanned.named, "taken"), (scanned.formerly, "alias"), (scanned.shared, "twice"))


def reason_to_skip(user: User | None, old_name: str, email: str | None, new_name: str) -> Outcome | None:
    """Return why a user is not converted after all; None if it is as it was scanned.

    A user whose main e-mail is another one by now is left alone only where that e-mail was to be the name.
    """
    if user is None:
        return "gone"
    if user.attributes.user_name != old_name:
        return "changed"
    return "changed" if new_name == email and user.promoted.email != email else None


def reason_to_keep(user: User | None, new_name: str) -> Outcome | None:
    """Return why a conversion is not undone for a user; None if the name is the one that it gave."""
    if user is None:
        return "undo gone"
    return None if user.attributes.user_name == new_name else "undo changed"


def plan_renames(
    renames: Sequence[tuple[User, str]], former: Mapping[UserId, Alias], *, restores: bool, moment: Moment
) -> Plan:
    """Plan (user, new name) for users whose rows are held.

    The names that they leave go on matching as ``former`` says. ``restores``: the names are those of before a
    conversion.

    Raises:
        InvalidError: a name that no user can have.
    """
    changed = tuple(_rename(user, name, former.get(user.user_id), moment) for user, name in renames)
    action = "user:name:restored" if restores else "user:name:converted"
    events = tuple(
        Event(
            action=action,
            subject_kind="user",
            subject_id=user.user_id,
            subject_label=one.user.promoted.display_name,
            changes=(AttributeChange(name="userName", old=user.attributes.user_name, new=name),),
        )
        for (user, name), one in zip(renames, changed, strict=True)
    )
    return Plan(changes=(RenameUsers(renames=changed),), events=events) if changed else Plan()


def renamed(user: User, user_name: str) -> UserAttributes:
    """Return the attributes of a user under another name.

    Raises:
        InvalidError: no user can have the name.
    """
    attributes = UserAttributes({**user.attributes.document, "userName": user_name})
    check_user(attributes)
    return attributes


def addresses_of(user: User) -> tuple[str, ...]:
    """Return the addresses of a user that could be its name, each once, in their order."""
    found = [value for _, value in emails_of(user.attributes) if is_address(value)]
    return tuple(dict.fromkeys(found))


def _rename(user: User, user_name: str, former: Alias | None, moment: Moment) -> Rename:
    attributes = renamed(user, user_name)
    after = replace(
        user,
        attributes=attributes,
        promoted=promoted_from(attributes),
        version=user.version + 1,
        modified_at=moment.at,
    )
    left = name_key(user.attributes.user_name)
    is_left = former is not None and left == name_key(former.user_name) and left != name_key(user_name)
    return Rename(user=after, expected_version=user.version, alias=former if is_left else None)
