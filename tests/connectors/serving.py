"""Directories of ours as programs of their own."""

import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from connectors.terms import Network, Terms


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs by itself."""

    base: str
    certificate: Path
    tls: ssl.SSLContext

    def terms(self) -> Terms:
        """Give terms to pull from it."""
        return Terms(network=Network(tls=self.tls, private_addresses=True))

    def control(self, deed: str, **values: object) -> Any:  # noqa: ANN401 - whatever the deed gives
        """Change the directory, or read the truth from it."""
        answer = httpx.post(f"{self.base}/_control/{deed}", json=values, verify=self.tls, timeout=60, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def export(self) -> dict[str, Any]:
        """Give the whole directory as it is now."""
        truth: dict[str, Any] = self.control("export")
        return truth


@contextmanager
def served(which: str, folder: Path, *, users: int, groups: int, memberships: int) -> Iterator[Served]:
    """Run ``graph`` or ``okta`` with a directory of this size."""
    certificate = folder / "certificate.pem"
    size = ["--users", str(users), "--groups", str(groups), "--memberships", str(memberships), "--port", "0"]
    command = [sys.executable, "-m", f"tests.fakes.{which}", *size, "--certificate", str(certificate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        base = server.stdout.readline().strip()
        try:
            yield Served(base, certificate, ssl.create_default_context(cafile=str(certificate)))
        finally:
            server.terminate()
