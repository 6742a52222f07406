from contextlib import aclosing

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.connector import Secrets
from connectors.entra.tokens import certificate_end, claims_of, refusal_from
from connectors.errors import SourceError
from tests.connectors.entra.graphs import CONFIG, connect, truth
from tests.connectors.pulling import Mirror
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_tokens import refusal
from tests.fakes.web import Reply, certificate, identity

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def by_certificate() -> Secrets:
    pem, key = certificate("Rolebook", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return Secrets({"certificate": pem.decode(), "private_key": key.decode()})


async def test_a_certificate_signs_in(graph: FakeGraph, by_certificate: Secrets) -> None:
    graph.identity.certificates.append(by_certificate["certificate"].encode())
    mirror = Mirror()
    async with aclosing(connect(graph, secrets=by_certificate)) as connector:
        await mirror.pull(connector, "users", "groups")

    assert mirror.seen() == truth(graph)
    assert certificate_end(by_certificate) is not None


async def test_a_certificate_that_is_not_registered_is_named(graph: FakeGraph, by_certificate: Secrets) -> None:
    async with aclosing(connect(graph, secrets=by_certificate)) as connector:
        with pytest.raises(SourceError, match="AADSTS700027") as caught:
            await Mirror().pull(connector, "users")

    assert caught.value.kind == "auth"


async def test_a_wrong_secret_is_asked_for_once_and_not_repeated(graph: FakeGraph) -> None:
    wrong = Secrets({"client_secret": "not-the-secret-at-all"})
    async with aclosing(connect(graph, secrets=wrong)) as connector:
        with pytest.raises(SourceError, match="the client secret is wrong") as caught:
            await Mirror().pull(connector, "users")

    assert caught.value.permanent
    assert "not-the-secret" not in f"{caught.value} {caught.value.remedy} {wrong!r}"
    assert graph.requests["token"] == 1


async def test_an_expired_secret_and_an_unknown_application_say_what_to_do(graph: FakeGraph) -> None:
    graph.identity.secret_expired = True
    stranger = msgspec.structs.replace(CONFIG, client_id="55555555-0000-4000-8000-000000000000")
    for config, words in ((CONFIG, "has expired"), (stranger, "not in this directory")):
        async with aclosing(connect(graph, config)) as connector:
            with pytest.raises(SourceError, match=words) as caught:
                await Mirror().pull(connector, "users")

        assert caught.value.remedy


async def test_a_revoked_token_is_replaced_in_the_middle_of_a_pull(graph: FakeGraph) -> None:
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users")
        graph.identity.generation += 1
        await mirror.pull(connector, "groups")

    assert mirror.seen() == truth(graph)
    assert graph.requests["token"] == 2


@pytest.mark.parametrize("answer", [{}, {"error": {"code": "aCode"}}, {"error": ["x"], "error_codes": 7000222}])
async def test_an_answer_of_something_in_between_is_a_passing_trouble(answer: dict[str, object]) -> None:
    assert refusal_from(answer).kind == "transient"


async def test_a_busy_sign_in_service_is_tried_again(graph: FakeGraph) -> None:
    graph.identity.refuse += [Reply(503, {"error": "temporarily_unavailable"}), refusal(90033, "server_error", "Busy.")]
    mirror = Mirror()
    async with aclosing(connect(graph)) as connector:
        await mirror.pull(connector, "users")

    assert len(mirror.users) == 89


@pytest.mark.parametrize("token", ["", "a.b.c", "a.b", "a.W10.c", "opaque"])
async def test_a_token_that_cannot_be_read_has_no_claims(token: str) -> None:
    assert claims_of(token) == {}


@pytest.mark.parametrize(
    "secrets",
    [
        {},
        {"client_secret": " "},
        {"certificate": "x"},
        {"certificate": "x", "private_key": "-----BEGIN PRIVATE KEY-----"},
    ],
)
async def test_credentials_that_are_incomplete_are_refused_at_once(graph: FakeGraph, secrets: dict[str, str]) -> None:
    with pytest.raises(SourceError) as caught:
        connect(graph, secrets=Secrets(secrets))

    assert caught.value.kind == "config"


async def test_a_key_of_another_certificate_or_kind_is_refused_at_once(
    graph: FakeGraph, by_certificate: Secrets
) -> None:
    _, other_key = certificate("Other", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    for key, words in ((other_key, "not the certificate's"), (identity()[1], "not RSA")):
        with pytest.raises(SourceError, match=words):
            connect(graph, secrets=Secrets({**by_certificate, "private_key": key.decode()}))
