"""Recordings of typical mistakes, played through the door: each is named, and nothing else is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from directory import door_refusals, setup_check, sources
from directory.diagnosis import MISTAKES
from directory.tenants import system_actor
from directory.traffic import flush
from portal.setup_words import told_finding
from tests.scim.clients import Client, client_of

FOLDER = Path(__file__).parent / "mistakes"
RECORDINGS = {path.stem: msgspec.json.decode(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))}
BY_FACTS_ALONE = {"expired secret", "only tests", "slowed down", "display name missing"}
"""Mistakes that take time or a row less, and are tested where the deciding is."""


@pytest.fixture
def fresh() -> Iterator[None]:
    door_refusals.forget_refusals()
    yield
    door_refusals.forget_refusals()


def test_every_mistake_is_recorded_or_follows_from_facts_alone() -> None:
    recorded = {mistake for recording in RECORDINGS.values() for mistake in recording["mistakes"]}
    assert recorded | BY_FACTS_ALONE == set(MISTAKES)
    assert len(recorded) >= 12


@pytest.mark.anyio
@pytest.mark.usefixtures("store", "fresh")
@pytest.mark.parametrize("name", RECORDINGS)
async def test_a_recording_is_diagnosed(name: str) -> None:
    recording = RECORDINGS[name]
    async with client_of(recording["preset"]) as client:
        if settings := recording.get("settings"):
            by = system_actor(client.tenant)
            await sources.edit_settings(client.source.source_id, settings, by=by, now=datetime.now(UTC))
        await play(client, recording)
        now = datetime.now(UTC)
        await flush(now=now)
        await door_refusals.flush_refusals(now=now)
        source = await sources.get_source(client.tenant.tenant_id, client.source.source_id)
        refusals = await door_refusals.list_refusals(source.tenant_id, source.source_id, now=now)
        coverage = await setup_check.get_coverage(source, now=now)
        findings = await setup_check.list_findings(source, coverage, refusals, now=now)

    assert [finding.mistake for finding in findings] == recording["mistakes"]
    for finding in findings:
        told = told_finding(finding, source.preset)
        assert told.title
        assert "{" not in told.title + told.advice


async def play(client: Client, recording: dict[str, Any]) -> None:
    """Send the requests of a recording, with the ids that earlier ones gave out."""
    known = {"token": client.token, "token_cut": client.token[:-7]}
    for request in recording["requests"]:
        text = filled(msgspec.json.encode(request.get("body")).decode(), known)
        headers = {
            "authorization": filled(request.get("authorization", "Bearer {token}"), known),
            "content-type": "application/scim+json",
            "user-agent": recording["software"],
        }
        answer = await client.http.request(
            request["method"],
            f"/scim/v2{filled(request['path'], known)}",
            content=text if "body" in request else None,
            headers=headers,
        )
        learn(known, request["path"], answer)


def filled(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def learn(known: dict[str, str], path: str, answer: httpx.Response) -> None:
    if answer.status_code == 201:
        kind = path.strip("/").lower().removesuffix("s")
        known[f"{kind}_before"] = known.get(kind, "")
        known[kind] = answer.json()["id"]
