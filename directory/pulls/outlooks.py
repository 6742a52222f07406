"""What a pull comes to for one person: from what was said and who is here, to what is done about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import UUID

from directory.edits import UserEdit
from directory.errors import InvalidError
from directory.guard import Toll
from directory.model import JsonObject, JsonValue, SourceId, UserAttributes, UserId
from directory.names import name_key
from directory.person import check_user, promoted_from
from directory.plan import changed_attributes
from directory.pulls.model import Action, SeenOp
from directory.pulls.targets import document_for

Deed = Literal["nothing", "create", "edit", "delete", "refuse"]
"""What is asked of the directory; ``refuse``: what was said cannot be a user."""

Change = tuple[str, JsonValue, JsonValue]

ENDS: frozenset[SeenOp] = frozenset({"purged"})
OUT: frozenset[SeenOp] = frozenset({"out_of_scope", "soft_deleted"})
ONE_LEAVER = Toll(users=1, people=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The user whom the source knows by an id, as it is here."""

    user_id: UserId
    source_id: SourceId | None
    attributes: UserAttributes
    label: str
    active: bool
    """In effect."""
    deleted: bool
    reported_deleted: bool
    """The guard holds that it is deleted: the source sees it no more."""
    blocked: bool = False
    """An operator keeps it from signing in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenUser:
    """What a source said last of one person, and who that is here."""

    ext_id: str
    op: SeenOp
    said: JsonObject
    reason: str = ""
    hash: str = ""
    in_scope: bool = True
    left_out: bool = False
    """The directory was told that this person is out of scope."""
    gone: bool = False
    problem: str = ""
    known: Known | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is done about one person, and what it costs of the guard's limits."""

    ext_id: str
    deed: Deed
    action: Action | None = None
    subject_id: UUID | None = None
    called: str = ""
    detail: str = ""
    toll: Toll = field(default_factory=Toll)
    attributes: UserAttributes | None = None
    """As the user is to be reported; None where nothing is said of that."""
    before: Mapping[str, JsonValue] = field(default_factory=dict)
    """The document until now."""
    frees_name: bool = False
    """Another user name comes of it: others may wait for the one that is left."""
    left_out: bool = False
    ends: bool = False
    """What is kept of this person is forgotten when it is done."""
    problem: str = ""

    @property
    def label(self) -> str:
        """What people call this person."""
        return self.called or ("" if self.attributes is None else promoted_from(self.attributes).display_name)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is reported otherwise than until now: (attribute, old, new)."""
        if self.attributes is None or self.action == "user:meet":
            return ()
        found = changed_attributes(self.before, self.attributes.document)
        return tuple((one.name, one.old, one.new) for one in found)

    @property
    def takes(self) -> bool:
        """Whether a user is disabled or deleted by it; that comes last."""
        return self.action in {"user:disable", "user:delete"} and not self.frees_name

    @property
    def wanted_name(self) -> str | None:
        """The key of the user name that is new with it."""
        if self.attributes is None or not (self.deed == "create" or self.frees_name):
            return None
        return name_key(self.attributes.user_name)


def outlook_for(seen: SeenUser, *, source_id: SourceId) -> Outlook:
    """Return what is done about one person."""
    known = seen.known
    own = known is not None and known.source_id == source_id and not known.deleted
    if seen.gone or seen.op in ENDS:
        return _end(seen, known if own else None)
    if seen.op in OUT or not seen.in_scope:
        return _out(seen, known if own else None)
    if own and known is not None and not known.reported_deleted:
        return _edited(seen, known)
    return _created(seen, source_id=source_id)


def _end(seen: SeenUser, known: Known | None) -> Outlook:
    if known is None or known.reported_deleted:
        return Outlook(ext_id=seen.ext_id, deed="nothing", ends=True)
    return Outlook(
        ext_id=seen.ext_id,
        deed="delete",
        action="user:delete",
        subject_id=known.user_id,
        called=known.label,
        detail=seen.reason or ("missing from two whole pulls" if seen.gone else "deleted there for good"),
        toll=ONE_LEAVER if known.active else Toll(),
        ends=True,
    )


def _out(seen: SeenUser, known: Known | None) -> Outlook:
    """Disable whoever is out of scope; what else is said is taken all the same, since others may need the user name."""
    if known is None or known.reported_deleted:
        return Outlook(ext_id=seen.ext_id, deed="nothing", left_out=seen.left_out)
    attributes = _inactive(seen, known)
    if attributes.document == known.attributes.document:
        return Outlook(ext_id=seen.ext_id, deed="nothing", subject_id=known.user_id, left_out=seen.left_out)
    reason = seen.reason or ("deleted there" if seen.op == "soft_deleted" else "out of scope")
    return replace(_edit(seen, known, attributes), detail=reason, left_out=True)


def _inactive(seen: SeenUser, known: Known) -> UserAttributes:
    said = UserAttributes({**attributes_for(seen, known).document, "active": False})
    return UserAttributes({**known.attributes.document, "active": False}) if _problem_of(said) else said


def _edited(seen: SeenUser, known: Known) -> Outlook:
    attributes = attributes_for(seen, known)
    if attributes.document == known.attributes.document:
        return Outlook(ext_id=seen.ext_id, deed="nothing", subject_id=known.user_id)
    if problem := _problem_of(attributes):
        return _refused(seen, problem, subject_id=known.user_id, label=known.label)
    return _edit(seen, known, attributes)


def _edit(seen: SeenUser, known: Known, attributes: UserAttributes) -> Outlook:
    before = known.attributes
    loses = known.active and before.active and not attributes.active
    action: Action = "user:change"
    if before.active is not attributes.active:
        action = "user:enable" if attributes.active else "user:disable"
    return Outlook(
        ext_id=seen.ext_id,
        deed="edit",
        action=action,
        subject_id=known.user_id,
        detail=seen.reason,
        before=before.document,
        toll=ONE_LEAVER if loses else Toll(),
        attributes=attributes,
        frees_name=name_key(before.user_name) != name_key(attributes.user_name),
    )


def _created(seen: SeenUser, *, source_id: SourceId) -> Outlook:
    attributes = attributes_for(seen, None)
    known = seen.known
    if problem := _problem_of(attributes):
        return _refused(seen, problem)
    returns = known is not None and known.source_id == source_id
    return Outlook(
        ext_id=seen.ext_id,
        deed="create",
        action="user:return" if returns else "user:create",
        subject_id=known.user_id if known is not None and returns else None,
        detail=seen.reason,
        before={} if known is None or not returns else known.attributes.document,
        attributes=attributes,
    )


def attributes_for(seen: SeenUser, known: Known | None) -> UserAttributes:
    """Return the attributes that are said of a person: the whole document is the source's, as with a PUT.

    Where nothing is said of the status it stays, and is active for whoever is new, or was left out before.
    """
    document = document_for(seen.said, ext_id=seen.ext_id)
    if "active" not in document:
        document["active"] = known is None or seen.left_out or known.attributes.active
    return UserAttributes(document)


def edit_for(seen: SeenUser, outlook: Outlook) -> UserEdit:
    """Return the edit of a user who is here, whatever it is by now."""
    known = seen.known
    assert known is not None  # noqa: S101  # nobody else is edited
    if outlook.left_out:
        return lambda attributes: _inactive(seen, replace(known, attributes=attributes))
    return lambda attributes: attributes_for(seen, replace(known, attributes=attributes))


def _refused(seen: SeenUser, problem: str, *, subject_id: UserId | None = None, label: str = "") -> Outlook:
    name = seen.said.get("userName")
    shown = label or (name if isinstance(name, str) else seen.ext_id)
    return Outlook(ext_id=seen.ext_id, deed="refuse", subject_id=subject_id, called=shown, problem=problem)


def _problem_of(attributes: UserAttributes) -> str:
    try:
        check_user(attributes)
    except InvalidError as error:
        return str(error)
    return ""
