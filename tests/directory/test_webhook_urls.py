"""Webhooks lead to the public internet, however an address is spelt."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.errors import InvalidError
from directory.webhook_urls import is_public, parse_webhook_url

REFUSED = (
    # loopback, and every way to write it
    "https://127.0.0.1/", "https://127.1/", "https://127.0.1/", "https://2130706433/", "https://0x7f000001/",
    "https://0x7f.0.0.1/", "https://0x7f.1/", "https://0177.0.0.1/", "https://017700000001/", "https://127.0.0.1./",
    "https://127.000.000.001/", "https://00000127.0.0.1/", "https://0/", "https://0.0.0.0/", "https://[::1]/",
    "https://[::]/", "https://[0:0:0:0:0:0:0:1]/", "https://[0000::0001]/", "https://localhost/",
    "https://LOCALHOST/", "https://localhost./", "https://app.localhost/",
    # wrapped up in IPv6
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/", "https://[::ffff:0:0]/",
    "https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::1]/", "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/", "https://[::ffff:169.254.169.254]/", "https://[::ffff:10.0.0.1]/",
    # private, shared, link-local, multicast, reserved
    "https://10.0.0.1/", "https://10.1/", "https://172.16.0.1/", "https://192.168.1.1/", "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/", "https://2852039166/", "https://0xa9fea9fe/",
    "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[fc00::1]/", "https://[fd00:ec2::254]/",
    "https://[fec0::1]/", "https://224.0.0.1/", "https://[ff02::1]/", "https://255.255.255.255/",
    "https://240.0.0.1/", "https://192.0.2.1/", "https://198.18.0.1/", "https://192.88.99.1/",
    # other letters for digits and dots
    "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
    "https://127\u30020\u30020\u30021/", "https://127\uff0e0\uff0e0\uff0e1/",
    "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",
    "https://\u24dbocalhost/", "https://loca\u00adlhost/", "https://169\u3002254\u3002169\u3002254/",
    # names of networks, and what is no address at all
    "https://metadata.google.internal/", "https://printer.local/", "https://db.lan/", "https://intranet/",
    "https://user@example.com/", "https://user:secret@example.com/", "https://example.com@127.0.0.1/",
    "https://127.0.0.1#@example.com/", "https://example.com:0/", "https://example.com:99999/",
    "https://example.com\\@127.0.0.1/", "https://exa mple.com/", "https://example.com/\r\nHost: x",
    "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/",
    "https:///path", "https://", "", "https://-.example/", "https://1.2.3/", "https://example.com/ä",
)  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_an_address_that_could_lead_inside_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="address"):
        parse_webhook_url(text, allow_private=False)


def test_there_are_sixty_spellings_and_more() -> None:
    assert len(set(REFUSED)) >= 60


@pytest.mark.parametrize(
    ("text", "host", "port", "target", "authority"),
    [
        ("https://example.com", "example.com", 443, "/", "example.com"),
        ("https://Example.COM:8443/a?b=c", "example.com", 8443, "/a?b=c", "example.com:8443"),
        ("https://bücher.example/", "xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"),
        ("https://8.8.8.8/x", "8.8.8.8", 443, "/x", "8.8.8.8"),
        ("https://[2001:4860:4860::8888]/", "2001:4860:4860::8888", 443, "/", "[2001:4860:4860::8888]"),
    ],
)
def test_an_address_of_the_internet_is_taken(text: str, host: str, port: int, target: str, authority: str) -> None:
    url = parse_webhook_url(text, allow_private=False)

    assert (url.scheme, url.host, url.port, url.target, url.authority) == ("https", host, port, target, authority)


def test_private_addresses_can_be_allowed_but_odd_spellings_never() -> None:
    assert parse_webhook_url("http://127.0.0.1:8080/x", allow_private=True).authority == "127.0.0.1:8080"
    assert parse_webhook_url("http://localhost/", allow_private=True).host == "localhost"
    for odd in ("http://2130706433/", "http://0x7f.1/", "http://user@10.0.0.1/"):
        with pytest.raises(InvalidError):
            parse_webhook_url(odd, allow_private=True)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_public_only_if_it_is_however_it_is_wrapped(address: ipaddress.IPv4Address) -> None:
    plain = is_public(address)
    wrapped = [
        ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed),
        ipaddress.IPv6Address(ipaddress.IPv6Address("64:ff9b::").packed[:12] + address.packed),
    ]

    assert not plain or address.is_global
    assert [is_public(one) for one in wrapped] == [plain, plain]


@given(st.text(max_size=60))
def test_any_text_is_taken_or_refused_in_words(text: str) -> None:
    for prefix in ("", "https://", "https://example.com"):
        try:
            url = parse_webhook_url(prefix + text, allow_private=False)
        except InvalidError:
            continue
        assert url.host.isascii()
        assert url.target.startswith("/")
