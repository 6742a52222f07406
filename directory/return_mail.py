"""The mail by which somebody is asked to get back what a person who left still has."""

from collections.abc import Sequence
from html import escape

from directory.outbox import PORTAL_ADDRESS, Message
from directory.store.loans import HeldItem
from directory.store.return_tasks import ReturnTask

LISTED_MAX = 100


def render_return_mail(task: ReturnTask, items: Sequence[HeldItem], recipient: str, *, reminder: bool) -> Message:
    """Return the mail to one recipient, as text and HTML, with what is still out."""
    name = task.display_name or task.user_name
    count = f"{len(items)} {'item' if len(items) == 1 else 'items'}"
    lead = (
        f"{name} ({task.user_name}) has been {'deleted' if task.gone else 'disabled'} since"
        f" {task.since:%d %b %Y} and still has {count}. Please see to it that everything comes back."
    )
    lines = [_line(held) for held in items[:LISTED_MAX]]
    if len(items) > LISTED_MAX:
        lines.append(f"and {len(items) - LISTED_MAX} more")
    page = f"{PORTAL_ADDRESS}/equipment/returns"
    end = "The task is done by itself when the last of them is checked in:"
    text = "\n".join([lead, "", *(f"- {line}" for line in lines), "", f"{end} {page}", ""])
    listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
    html = f'<p>{escape(lead)}</p><ul>{listed}</ul><p>{end} <a href="{page}">Equipment to return</a></p>'
    return Message(
        kind="return",
        recipient=recipient,
        subject=f"{'Reminder: ' if reminder else ''}{name} has left with {count}",
        text=text,
        html=html,
    )


def _line(held: HeldItem) -> str:
    details = held.item.details
    said = [f"{details.tag} {details.name}"]
    if details.serial:
        said.append(f"serial number {details.serial}")
    if details.value is not None:
        said.append(str(details.value))
    if held.loan.due_at is not None:
        said.append(f"due {held.loan.due_at:%d %b %Y}")
    return ", ".join(said)
