"""As much of curl as the README uses, so that its tour runs where curl is not installed."""

import argparse
import sys
from urllib.parse import quote

import httpx


def encoded(text: str) -> str:
    """Return NAME=VALUE with the value as it stands in a query."""
    name, value = text.split("=", 1)
    return f"{name}={quote(value)}"


def main() -> None:
    """Send one request and print the body of the answer."""
    words = argparse.ArgumentParser(prog="curl")
    for flag in ("-s", "-S", "-G"):
        words.add_argument(flag, action="store_true")
    words.add_argument("-X", dest="method")
    words.add_argument("-H", dest="headers", action="append", default=[])
    words.add_argument("-d", dest="data", action="append", default=[])
    words.add_argument("--data-urlencode", dest="data", action="append", type=encoded)
    words.add_argument("url")
    asked = words.parse_args()
    sent = "&".join(asked.data).replace("\n", "")  # as curl does with all that is not --data-binary
    method = asked.method or ("POST" if sent and not asked.G else "GET")
    answer = httpx.request(
        method,
        f"{asked.url}?{sent}" if asked.G else asked.url,
        headers=[tuple(header.split(": ", 1)) for header in asked.headers],
        content=None if asked.G else sent,
        trust_env=False,
    )
    sys.stdout.write(answer.text)


if __name__ == "__main__":
    main()
