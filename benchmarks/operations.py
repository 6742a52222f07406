"""The operations that are measured, as the requests that Entra and Okta really send, and whom they are sent to."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from benchmarks import people
from benchmarks.driving import Address, Request

PAGE = 100
BLOCK = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Address):
    """A server with people in it, and the dialect that it understands."""

    user_ids: Sequence[str]
    group_id: str = ""
    leaves: str = "okta"
    """How a member is removed: in Entra's default flavour, or in Okta's words, which are the RFC's."""

    def user(self, number: int) -> str:
        """Return the path of a person."""
        return f"{self.base}/Users/{self.user_ids[number]}"


def create(target: Target, count: int, realm: str) -> Iterator[Request]:
    """Entra creates people, each of them new."""
    for number in range(count):
        marker = people.user_name(number, realm)
        body = people.entra_user(number, realm)
        yield Request(method="POST", path=f"{target.base}/Users", body=body, statuses=(201,), marker=marker)


def patch(target: Target, count: int) -> Iterator[Request]:
    """Entra changes a name, to another one each time."""
    each = len(target.user_ids)
    for number in range(count):
        name = f"Given{number // each}"
        body = people.entra_replace("name.givenName", name)
        yield _change(target, "PATCH", number % each, body, f'"{name}"')


def put(target: Target, count: int) -> Iterator[Request]:
    """Okta puts back a whole person with another name."""
    each = len(target.user_ids)
    for number in range(count):
        name = f"Put{number // each}"
        body = people.okta_user(number % each, target.user_ids[number % each], name)
        yield _change(target, "PUT", number % each, body, f'"{name}"')


def deactivate(target: Target, count: int) -> Iterator[Request]:
    """Okta disables everybody and then enables everybody."""
    each = len(target.user_ids)
    for number in range(count - count % (2 * each) or 2 * each):
        active = bool(number // each % 2)
        yield _change(target, "PATCH", number % each, people.okta_activate(active=active), '"active"')


def get(target: Target, count: int) -> Iterator[Request]:
    """Read a person, whoever it is."""
    chance = random.Random(1)  # noqa: S311 - no secret
    for _ in range(count):
        number = chance.randrange(len(target.user_ids))
        yield Request(method="GET", path=target.user(number), marker=f'"{target.user_ids[number]}"', most=3)


def constant(target: Target, count: int) -> Iterator[Request]:
    """Read a person from the route that gives everybody the same answer."""
    return iter([Request(method="GET", path=target.user(0), marker='"nobody@contoso.example"')] * count)


def find(target: Target, count: int) -> Iterator[Request]:
    """Entra looks somebody up by userName, and finds them."""
    chance = random.Random(2)  # noqa: S311 - no secret
    for _ in range(count):
        name = people.user_name(chance.randrange(len(target.user_ids)))
        condition = quote(f'userName eq "{name}"')
        yield Request(method="GET", path=f"{target.base}/Users?filter={condition}", marker='"userName"', most=1)


def list_page(target: Target, count: int) -> Iterator[Request]:
    """Okta's import reads a page of a hundred, whichever it is."""
    chance = random.Random(3)  # noqa: S311 - no secret
    for _ in range(count):
        start = 1 + PAGE * chance.randrange(len(target.user_ids) // PAGE)
        yield _page(target, start)


def list_first(target: Target, count: int) -> Iterator[Request]:
    """The first page of a hundred."""
    return iter([_page(target, 1)] * count)


def membership(target: Target, count: int) -> Iterator[Request]:
    """Members join a group one by one, a hundred of them, and leave it again one by one."""
    path = f"{target.base}/Groups/{target.group_id}"
    leave = people.entra_leave if target.leaves == "entra" else people.okta_leave
    for number in range(count - count % (2 * BLOCK)):
        user_id = target.user_ids[number // (2 * BLOCK) * BLOCK % len(target.user_ids) + number % BLOCK]
        joins = number // BLOCK % 2 == 0
        body = people.entra_join(user_id) if joins else leave(user_id)
        marker = f'"{user_id}"'
        least, most = (1, 1000) if joins else (0, 0)
        yield Request(method="PATCH", path=path, body=body, statuses=(200, 204), marker=marker, least=least, most=most)


def _change(target: Target, method: str, number: int, body: people.Document, marker: str) -> Request:
    return Request(method=method, path=target.user(number), body=body, statuses=(200, 204), marker=marker)


def _page(target: Target, start: int) -> Request:
    path = f"{target.base}/Users?startIndex={start}&count={PAGE}"
    return Request(method="GET", path=path, marker='"userName"', least=PAGE, most=PAGE)


Make = Callable[[Target, int], Iterator[Request]]

READS: dict[str, Make] = {"GET by id": get, "userName eq": find, "list of 100": list_page}
WRITES: dict[str, Make] = {"PATCH": patch, "PUT": put, "deactivate": deactivate, "membership": membership}
