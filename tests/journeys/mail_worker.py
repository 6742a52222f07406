"""A program that sends mails as a server process does, until its standard input ends: DATABASE_URL PORT."""

import asyncio
import sys
from datetime import UTC, datetime

from directory.store.unit import open_store
from rolebook.mail_server import MailServer
from rolebook.mailing import Mailer
from tests.rolebook.mailboxes import SENDER

LOOK_EVERY_S = 0.05


def clock() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


async def main(database_url: str, port: int) -> None:
    """Send what is due, again and again."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    server = MailServer(host="127.0.0.1", port=port, tls="none")
    mailer = Mailer(server, SENDER, public_url="https://rolebook.test", clock=clock)
    async with open_store(database_url):
        while not ended.is_set():
            if not await mailer.work(clock()):
                try:
                    await asyncio.wait_for(ended.wait(), LOOK_EVERY_S)
                except TimeoutError:
                    continue


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
