from typing import Any

import pytest
from msgspec import json

from directory.model import JsonObject
from scim.record import DROPPED, network_of, path_for_record, redacted, software_of


def scope(**parts: Any) -> Any:  # noqa: ANN401 an ASGI scope
    return {"type": "http", "method": "GET", "path": "/scim/v2/Users", "query_string": b"", "headers": [], **parts}


def test_passwords_and_tokens_are_dropped_wherever_they_stand() -> None:
    body: JsonObject = {
        "userName": "ada",
        "Password": "hunter2",
        "nested": [{"authorization": "Bearer x", "accessToken": "y"}],
        "Operations": [
            {"op": "replace", "path": "password", "value": "hunter2"},
            {"op": "replace", "value": {"password": "hunter2"}},
            {"op": "replace", "path": "title", "value": "Boss"},
        ],
    }
    text = redacted(body)
    assert "hunter2" not in text
    assert "Bearer" not in text
    operations = json.decode(text)["Operations"]
    assert [operation["value"] for operation in operations] == [DROPPED, {"password": DROPPED}, "Boss"]


def test_long_lists_are_cut_short() -> None:
    kept = json.decode(redacted({"members": [{"value": str(n)} for n in range(5000)]}))["members"]
    assert len(kept) == 51
    assert kept[-1] == "and 4950 more"


def test_huge_bodies_are_left_out() -> None:
    assert len(redacted({str(n): "x" * 1000 for n in range(500)})) < 100


@pytest.mark.parametrize(
    ("client", "network"),
    [
        (("203.0.113.77", 1), "203.0.113.0/24"),
        (("2001:db8:1:2:3::9", 1), "2001:db8:1:2::/64"),
        (("unix", 1), ""),
        (None, ""),
    ],
)
def test_client_is_recorded_by_its_network(client: tuple[str, int] | None, network: str) -> None:
    assert network_of(scope(client=client)) == network


def test_software_is_short_and_printable() -> None:
    agent = b"Okta SCIM\x1b[31m" + b"x" * 500
    assert software_of(scope(headers=[(b"user-agent", agent)])) == ("Okta SCIM[31m" + "x" * 500)[:120]
    assert software_of(scope()) == ""


def test_secrets_in_the_query_are_dropped() -> None:
    recorded = path_for_record(scope(query_string=b"access_token=abc&filter=x&client_secret=def"))
    assert recorded == f"/scim/v2/Users?access_token={DROPPED}&filter=x&client_secret={DROPPED}"
