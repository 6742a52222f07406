"""People and a group pushed into a server that has just started, through its own endpoint."""

import re
from pathlib import Path
from typing import Any

import httpx

from benchmarks import operations, people
from benchmarks.driving import Load
from benchmarks.operations import PAGE, Target
from benchmarks.systems import Running, System

FILL_S = 120.0
_NUMBER = re.compile(r"person\.(\d+)@contoso\.example")


def filled(system: System, server: Running, folder: Path, count: int) -> Target:
    """Push so many people and an empty group into a server.

    Raises:
        RuntimeError: it did not take them all.
    """
    empty = Target(port=server.port, base=system.base, token=server.token, user_ids=())
    requests = operations.create(empty, count, "contoso.example")
    window = Load(folder / "fill.bin", empty, requests, wraps=False).drive(8, FILL_S)
    if window.ok != count:
        raise RuntimeError(f"{system.name} took {window.ok} of {count} people: {window.first_wrong}")
    with client_of(empty) as client:
        user_ids = list_ids(client, count)
        group = client.post("/Groups", json={"schemas": [people.GROUP], "displayName": "measured"})
        group.raise_for_status()
    return Target(
        port=server.port,
        base=system.base,
        token=server.token,
        user_ids=user_ids,
        group_id=str(group.json()["id"]),
        leaves=system.leaves,
    )


def client_of(target: Target) -> httpx.Client:
    """Return a client for what is done beside the measurements."""
    headers = {"Authorization": f"Bearer {target.token}", "Content-Type": "application/scim+json"}
    base_url = f"http://localhost:{target.port}{target.base}"
    return httpx.Client(base_url=base_url, headers=headers, timeout=60, trust_env=False)


def list_ids(client: httpx.Client, count: int) -> list[str]:
    """Return the ids of the people, in the order of their numbers."""
    user_ids = [""] * count
    for start in range(1, count + 1, PAGE):
        found: dict[str, Any] = client.get("/Users", params={"startIndex": start, "count": PAGE}).json()
        for one in found["Resources"]:
            if number := _NUMBER.fullmatch(one["userName"]):
                user_ids[int(number[1])] = str(one["id"])
    if "" in user_ids:
        raise RuntimeError(f"{user_ids.count('')} of {count} people are not in the list")
    return user_ids
