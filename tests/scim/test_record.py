from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from directory.model import JsonObject
from directory.tokens import new_secret_token
from scim.hiding import DROPPED, SECRET_KEY, names_secret
from scim.record import network_of, path_for_record, redacted, software_of


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
        (("::ffff:203.0.113.77", 1), "203.0.113.0/24"),
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


def test_secrets_in_the_query_are_dropped_however_the_name_is_written() -> None:
    recorded = path_for_record(scope(query_string=b"%74oken=abc&credential=def&filter=token"))
    assert recorded == f"/scim/v2/Users?%74oken={DROPPED}&credential={DROPPED}&filter=token"


def test_a_long_query_costs_no_more_than_its_length() -> None:
    query = b"filter=" + b"token" * 12_000
    assert len(path_for_record(scope(query_string=query * 2))) == 2000


SECRET = new_secret_token().text


@pytest.mark.parametrize(
    "parts",
    [
        {"path": f"/scim/v2/Users/{SECRET}"},
        {"query_string": f"filter=userName%20eq%20%22{SECRET}%22".encode()},
        {"query_string": f"filter=userName%20eq%20%22{SECRET.replace('_', '%5F')}%22".encode()},
        {"query_string": SECRET.encode()},
        {"query_string": f"{SECRET}=x&y={SECRET}".encode()},
    ],
)
def test_secrets_of_ours_are_dropped_from_addresses(parts: dict[str, Any]) -> None:
    recorded = path_for_record(scope(**parts))
    assert DROPPED in recorded
    assert SECRET.split("_")[3] not in recorded


def test_secrets_of_ours_are_dropped_from_bodies_and_software() -> None:
    assert redacted({"title": f"is {SECRET}", "deep": [{"x": SECRET}]}) == (
        f'{{"title":"is {DROPPED}","deep":[{{"x":"{DROPPED}"}}]}}'
    )
    assert software_of(scope(headers=[(b"user-agent", SECRET.encode())])) == DROPPED


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("password%20eq%20%22hunter%202%22%20or%20title%20pr", "password%20eq%20(dropped)%20or%20title%20pr"),
        ('password+eq+"hunter\\"2"', "password%20eq%20(dropped)"),
        ("urn:x:User:apiToken.value sw hunter2", "urn%3Ax%3AUser%3AapiToken.value%20sw%20(dropped)"),
        ('credentials[value eq "hunter]2"]', "credentials%5B(dropped)%5D"),
        ('title eq "token"', 'title eq "token"'),
    ],
)
def test_what_a_secret_is_compared_with_is_dropped(asked: str, kept: str) -> None:
    assert path_for_record(scope(query_string=f"filter={asked}".encode())) == f"/scim/v2/Users?filter={kept}"


def test_what_a_secret_is_compared_with_is_dropped_from_messages() -> None:
    body: JsonObject = {"filter": 'password eq "hunter2"', "path": 'emails[secret eq "hunter2"].value'}
    assert "hunter2" not in redacted(body)


def test_many_words_for_secrets_cost_no_more_than_their_length() -> None:
    words = "token" * 12_000 + "[" * 12_000
    assert len(path_for_record(scope(query_string=f"filter={words}".encode()))) <= 2000


@given(st.text(st.sampled_from("tokenTOKEN sS\u017fecret\u0131.[]kK\u212a"), max_size=24))
def test_texts_said_to_be_without_secret_names_have_none(text: str) -> None:
    assert names_secret(text) or SECRET_KEY.search(text) is None
