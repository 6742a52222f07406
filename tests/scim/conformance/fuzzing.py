"""Many requests to twins, and what came of them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from scim.schemas import GROUP_URN, USER_URN
from tests.scim.conformance.grammar import GROUPS, USERS
from tests.scim.conformance.twins import Reply, Request, Twin, replies_to

ROUND = 500
"""Requests after which everybody starts anew, so that the directory stays as it is meant to be."""


@dataclass(slots=True)
class Tally:
    """What came of many requests."""

    sent: int = 0
    faults: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    slowest_s: float = 0.0
    slow: int = 0

    def count(self, request: Request, replies: list[Reply]) -> None:
        """Add one request and its replies."""
        self.sent += 1
        self.statuses[replies[0].status] += 1
        self.slowest_s = max(self.slowest_s, *(reply.elapsed_s for reply in replies))
        self.slow += any(reply.elapsed_s > 1 for reply in replies)
        if any(reply.status >= 500 for reply in replies):
            self.faults.append(f"{request}\n{replies}")
        if len(set(replies)) != 1:
            self.differences.append(f"{request}\n" + "\n".join(map(str, replies)))

    def report(self, name: str) -> str:
        """Return the figures in one line."""
        return (
            f"{name}: {self.sent} requests to each database, {len(self.faults)} faults, "
            f"{len(self.differences)} differences, {self.slow} over 1 s, slowest {self.slowest_s:.3f} s, "
            f"statuses {dict(sorted(self.statuses.items()))}"
        )


def people() -> list[Request]:
    """Return the requests that make the users and groups which the grammar knows by name."""
    users = [
        Request(
            method="POST",
            path="/Users",
            keep=name,
            body=f'{{"schemas":["{USER_URN}"],"userName":"{name}@x.example","externalId":"x-{name}","displayName":'
            f'"{name} Ann","active":{str(number % 3 > 0).lower()},"emails":[{{"type":"work","value":"{name}@w.example",'
            f'"primary":true}},{{"type":"home","value":"{name}@h.example"}}]}}'.encode(),
        )
        for number, name in enumerate(USERS)
    ]
    groups = [
        Request(
            method="POST",
            path="/Groups",
            keep=name,
            body=f'{{"schemas":["{GROUP_URN}"],"displayName":"Group {name}",'
            f'"members":[{{"value":"{{u{number}}}"}}]}}'.encode(),
        )
        for number, name in enumerate(GROUPS)
    ]
    return users + groups


async def start_anew(pair: list[Twin]) -> None:
    """Delete everybody a grammar knows by name, and create them."""
    for name in [*USERS, *GROUPS]:
        kind = "Users" if name in USERS else "Groups"
        if name in pair[0].ids:
            await replies_to(Request(method="DELETE", path=f"/{kind}/{{{name}}}"), pair)
    for request in people():
        await replies_to(request, pair)


async def tally_of(make: Callable[[], Request], count: int, pair: list[Twin]) -> Tally:
    """Send ``count`` requests to both and return what came of them."""
    tally = Tally()
    for number in range(count):
        if number % ROUND == 0:
            await start_anew(pair)
        request = make()
        tally.count(request, await replies_to(request, pair))
    return tally
