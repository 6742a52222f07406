"""Slow hashes, off the event loop."""

import time

import anyio.lowlevel
import pytest
from anyio import create_task_group

from directory.password_hashes import hash_password, is_password

pytestmark = pytest.mark.anyio


async def test_a_password_is_known_by_its_hash_alone() -> None:
    stored = await hash_password("plum canoe orbit")

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert "plum" not in stored
    assert await is_password("plum canoe orbit", stored)
    assert not await is_password("plum canoe orbis", stored)


async def test_the_same_password_has_another_hash_each_time() -> None:
    assert await hash_password("plum canoe orbit") != await hash_password("plum canoe orbit")


@pytest.mark.parametrize("stored", [None, "", "plain", "$argon2id$v=19$m=19456,t=2,p=1$x$y"])
async def test_nobody_has_the_password_of_nobody(stored: str | None) -> None:
    assert not await is_password("", stored)
    assert not await is_password("plum canoe orbit", stored)


async def test_a_password_longer_than_72_bytes_counts_to_its_end() -> None:
    long = "plum canoe orbit " * 7
    assert not await is_password(long + "x", await hash_password(long + "y"))


@pytest.mark.trap("D9")
async def test_the_event_loop_goes_on_while_passwords_are_hashed() -> None:
    longest_s = 0.0
    async with create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(is_password, "plum canoe orbit", None)
        for _ in range(20):
            before = time.perf_counter()
            await anyio.lowlevel.checkpoint()
            longest_s = max(longest_s, time.perf_counter() - before)

    assert longest_s < 0.03
