"""Why some changes cannot be taken back, in words."""

from collections.abc import Mapping
from types import MappingProxyType

_BY_ACTION: Mapping[str, str] = MappingProxyType(
    {
        "source:credentials:": "Credentials that were replaced are not kept. Enter those that hold.",
        "source:secret:": "A secret that was shown, replaced or revoked does not come back. Create a new one instead.",
        "user:password:": "A password is known to its owner alone. They set another one, or get a new link.",
        "user:factor:": "A second factor belongs to its owner's device. They set it up anew.",
        "user:recovery:": "Recovery codes are shown once. Their owner makes new ones.",
        "user:link:": "A sign-in link may have been opened by now. It ends by itself; disable the sign-in to be sure.",
        "user:signin:": "Nothing was changed: somebody was refused.",
        "tenant:signin:": "Nothing was changed: somebody was refused.",
        "session:": "A sign-in that began or ended stays so: its owner signs in or out again.",
        "data:exported": "What was given out as a file cannot be called back.",
        "user:exported": "What was given out as a file cannot be called back.",
        "equipment:key:": "A key that was shown, replaced or revoked does not come back. Create a new one instead.",
        "webhook:rotated": "A secret that was replaced does not come back. Rotate it again.",
        "held:rejected": "Rejected changes stay in the list of what is held, and can still be approved there.",
        "mail:": "A mail that was sent stays sent.",
        "schedule:sent": "A mail that was sent stays sent.",
        "alert:recipient:tested": "A mail that was sent stays sent.",
        "user:return:reminded": "A mail that was sent stays sent.",
        "user:adoption:": "Who owns a user is decided in the adoption queue, with the evidence: decide it there.",
        "tenant:created": "A tenant stays until it is deleted, on its page.",
        "tenant:renamed": "Give the tenant its former name again, on its page.",
        "tenant:suspended": "Resume the tenant on its page.",
        "tenant:resumed": "Suspend the tenant again, on its page.",
        "tenant:deleted": "Restore the tenant on its page, within 30 days.",
        "tenant:returned": "Delete the tenant again, on its page.",
        "tenant:erased": "What was erased is gone for good.",
        "tenant:policies:": "The super tenant decides it, and changes it there.",
        "tenant:restored": "A database that was restored stays so.",
        "user:erased": "What was erased is gone for good.",
        "user:purged": "What was erased is gone for good.",
    }
)
_BY_OBSTACLE: Mapping[str, str] = MappingProxyType(
    {
        "waiting": "The user joined groups that had waited for it. Put it right where the groups are managed.",
        "many": "It changed more rows than are kept for an undo. Change it back by hand.",
        "renames": "Converted user names are taken back as a whole, on the page of the conversion.",
        "held": "Held changes are decided one by one, on the page of what is held.",
        "secret": "Its secret went with it. Create it anew, with a new secret.",
        "old": "It was done more than 90 days ago. What changes found is kept for so long.",
        "parts": "It is made of changes that are undone one by one, or all together.",
        "field_row": "Attributes with a name of their own are changed back on their page.",
    }
)
NOTHING_KEPT = "It changed nothing that could be put back, or was made before Rolebook kept what changes found."
FROM_SOURCE = "It was reported by an identity provider, which would report it again. Change it there."
FROM_SYSTEM = "It followed from something else by rule. Undo what it followed from, and this follows back."


def reason_for(action: str, *, actor_kind: str, obstacle: str | None) -> str:
    """Return why a change cannot be taken back; empty if nothing of its kind is against it.

    ``obstacle`` is what its deed noted, None where no deed was kept.
    """
    for beginning, words in _BY_ACTION.items():
        if action.startswith(beginning):
            return words
    if obstacle is None:
        return {"source": FROM_SOURCE, "system": FROM_SYSTEM}.get(actor_kind, NOTHING_KEPT)
    if not obstacle:
        return ""
    return _BY_OBSTACLE.get(obstacle, "Not all that it changed can be put back, so nothing is. Change it by hand.")
