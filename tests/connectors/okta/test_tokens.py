import base64
import json
from contextlib import aclosing

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from connectors.connector import Secrets
from connectors.errors import SourceError
from tests.connectors.okta.oktas import connect, truth
from tests.connectors.pulling import Mirror
from tests.fakes.okta import FakeOkta
from tests.fakes.okta_tokens import CLIENT

pytestmark = pytest.mark.anyio

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
SIGNED = {"auth": "private_key", "client_id": CLIENT, "key_id": "k1"}


def number(value: int) -> str:
    """Give a number as a JSON web key has it."""
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode().rstrip("=")


def web_key() -> str:
    """Give the key as a JSON web key."""
    private = KEY.private_numbers()
    names = {"d": private.d, "p": private.p, "q": private.q, "dp": private.dmp1, "dq": private.dmq1, "qi": private.iqmp}
    public = {"n": private.public_numbers.n, "e": private.public_numbers.e}
    return json.dumps({"kty": "RSA", "kid": "k1"} | {name: number(value) for name, value in (names | public).items()})


@pytest.fixture(autouse=True)
def registered(okta: FakeOkta) -> None:
    """The service app's public key is known."""
    okta.door.keys["k1"] = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("form", ["PEM", "JWK"])
async def test_a_private_key_signs_in(okta: FakeOkta, form: str) -> None:
    secrets = Secrets({"private_key": PEM if form == "PEM" else web_key()})
    config = SIGNED if form == "PEM" else {**SIGNED, "key_id": None}
    mirror = Mirror()
    async with aclosing(connect(okta, config, secrets=secrets)) as connector:
        await mirror.pull(connector, "users", "groups")

    assert mirror.seen() == truth(okta)
    assert okta.door.issued == 1


async def test_a_revoked_token_is_replaced_in_the_middle_of_a_pull(okta: FakeOkta) -> None:
    mirror = Mirror()
    async with aclosing(connect(okta, SIGNED, secrets=Secrets({"private_key": PEM}))) as connector:
        await mirror.pull(connector, "users")
        okta.door.generation += 1
        await mirror.pull(connector, "groups")

    assert mirror.seen() == truth(okta)
    assert okta.door.issued == 2


async def test_a_key_that_is_not_registered_is_told_of(okta: FakeOkta) -> None:
    okta.door.keys.clear()
    async with aclosing(connect(okta, SIGNED, secrets=Secrets({"private_key": PEM}))) as connector:
        with pytest.raises(SourceError) as caught:
            await Mirror().pull(connector, "users")

    assert caught.value.kind == "auth"
    assert "public key" in caught.value.remedy


async def test_scopes_that_were_never_granted_are_told_of(okta: FakeOkta) -> None:
    okta.door.granted = ()
    async with aclosing(connect(okta, SIGNED, secrets=Secrets({"private_key": PEM}))) as connector:
        with pytest.raises(SourceError) as caught:
            await Mirror().pull(connector, "users")

    assert caught.value.kind == "permission"


async def test_a_wrong_api_token_is_told_of_and_not_repeated(okta: FakeOkta) -> None:
    wrong = Secrets({"token": "00-not-the-token"})
    async with aclosing(connect(okta, secrets=wrong)) as connector:
        with pytest.raises(SourceError, match="E0000011") as caught:
            await Mirror().pull(connector, "users")

    assert caught.value.permanent
    assert "not-the-token" not in f"{caught.value} {caught.value.remedy} {wrong!r}"
    assert okta.requests["users"] == 2


@pytest.mark.parametrize("key", ["", "{}", "{", "/etc/hostname", "-----BEGIN PRIVATE KEY-----", "elliptic"])
async def test_what_is_no_key_is_refused_at_once_and_never_opened(okta: FakeOkta, key: str) -> None:
    if key == "elliptic":
        other = ec.generate_private_key(ec.SECP256R1())
        key = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(SourceError, match="the private key cannot be read"):
        connect(okta, SIGNED, secrets=Secrets({"private_key": key}))


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Evil: 1", "tökén"])
async def test_what_is_no_token_is_refused_at_once(okta: FakeOkta, token: str) -> None:
    with pytest.raises(SourceError, match="no API token"):
        connect(okta, secrets=Secrets({"token": token}))
