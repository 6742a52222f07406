import pytest

from scim.auth import bearer_token


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([(b"authorization", b"Bearer abc")], "abc"),
        ([(b"authorization", b"bearer abc")], "abc"),
        ([], None),
        ([(b"authorization", b"Basic abc")], None),
        ([(b"authorization", b"Bearer")], None),
        ([(b"authorization", b"Bearer ")], None),
        ([(b"authorization", b"abc")], None),
        ([(b"authorization", b"Bearer " + b"a" * 257)], None),
        ([(b"authorization", "Bearer é".encode())], None),
        ([(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")], None),
        ([(b"cookie", b"session=abc")], None),
    ],
)
def test_token_is_the_one_bearer_there_is(headers: list[tuple[bytes, bytes]], token: str | None) -> None:
    assert bearer_token(headers) == token
