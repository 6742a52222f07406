"""The control endpoints of our own directories elsewhere: change them, break them, and read the truth from them."""

from typing import Protocol

import msgspec

from tests.fakes.faults import Fault, Faults
from tests.fakes.population import Population
from tests.fakes.web import Asked, Reply

DEEDS = (
    "edit_user", "create_user", "purge_user", "create_group", "rename_group", "delete_group", "add_member",
    "remove_member", "nest_group", "assign",
)  # fmt: skip


class Controlled(Protocol):
    """What can be controlled."""

    people: Population
    faults: Faults
    requests: dict[str, int]


def export(people: Population) -> dict[str, object]:
    """Give the whole directory as it is now: the oracle that whoever pulled must equal."""
    users = {
        str(one.number): {
            "login": one.login,
            "name": one.name,
            "department": one.department,
            "manager": one.manager,
            "guest": one.guest,
            "status": one.status,
            "gone": one.gone,
        }
        for one in people.people()
    }
    groups = {
        str(crew.number): {
            "name": crew.name,
            "members": [one for one in people.members(crew.number) if not people.person(one).gone],
            "nested": crew.nested,
        }
        for crew in people.crews
        if not crew.gone
    }
    return {"users": users, "groups": groups}


def controlled(server: Controlled, asked: Asked) -> Reply:
    """Answer a control request: ``export``, ``stats``, ``faults``, ``reset`` or a deed with its arguments as JSON."""
    deed = asked.path.rpartition("/")[2]
    values = msgspec.json.decode(asked.body) if asked.body else {}
    match deed:
        case "export":
            return Reply(document=export(server.people))
        case "stats":
            return Reply(document={"requests": server.requests, "faults_met": server.faults.met})
        case "faults":
            server.faults.listed.append(Fault(**values))
            return Reply(document={"faults": len(server.faults.listed)})
        case "reset":
            server.faults.listed.clear()
            server.requests.clear()
            return Reply(document={})
        case _ if deed in DEEDS:
            return Reply(document={"number": getattr(server.people, deed)(**values)})
        case _:
            return Reply(404, {"error": f"no deed {deed}"})
