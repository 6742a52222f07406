import pytest

from connectors.addresses import check_address, check_base_url, check_same_origin
from connectors.errors import SourceError

ROOT = "https://example.okta.com"


@pytest.mark.parametrize(
    "link",
    [
        "http://example.okta.com/next", "https://example.okta.com:444/next", "https://evil.example/next",
        "https://example.okta.com@evil.example/", "https://example.okta.com.evil.example/", "//example.okta.com/x",
        "https:\\\\example.okta.com/x", "https://user:pass@example.okta.com/x", "", "next", "https://", "file:///etc/x",
        "https://example.okta.com:99999/", "https://[::1/", "javascript:alert(1)", "https://example.okta.com\\@evil.example/",
    ],
)  # fmt: skip
def test_a_link_elsewhere_is_not_followed(link: str) -> None:
    with pytest.raises(SourceError):
        check_same_origin(link, ROOT)


@pytest.mark.parametrize("link", [f"{ROOT}/api?x=1", "https://EXAMPLE.okta.com/api", "https://example.okta.com:443/a"])
def test_a_link_to_the_same_place_is(link: str) -> None:
    assert check_same_origin(link, ROOT) == link


@pytest.mark.parametrize(
    "url",
    [
        "http://example.okta.com", "https://127.0.0.1", "https://2130706433", "https://0x7f000001", "https://0177.0.0.1",
        "https://[::1]", "https://[::ffff:127.0.0.1]", "https://169.254.169.254", "https://localhost", "https://okta",
        "https://example.okta.com/path", "https://example.okta.com?x=1", "https://example.okta.com#x",
        "https://user@example.okta.com", "https://exa mple.okta.com", "https://ex\u3002ample.com", "https://①②⑦.0.0.1",
        "ftp://example.okta.com", "example.okta.com", "", "https://.okta.com", "https://-a.okta.com",
        "https://example.okta.com?", "https://example.okta.com#", "https://exam\nple.okta.com", "https://example.okta.com:0",
    ],
)  # fmt: skip
def test_what_is_no_public_name_is_refused_as_an_address(url: str) -> None:
    with pytest.raises(SourceError):
        check_base_url(url, private=False)


def test_a_name_is_taken_as_an_address() -> None:
    assert check_base_url(" https://example.okta.com/ ", private=False) == ROOT
    assert check_base_url("https://127.0.0.1:8443", private=True) == "https://127.0.0.1:8443"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104 it is refused
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "ff02::1", "2001:db8::1", "198.51.100.1",
        "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "::7f00:1", "2002:7f00:1::1", "fec0::1", "192.88.99.1",
    ],
)  # fmt: skip
def test_names_that_lead_inside_are_refused(address: str) -> None:
    with pytest.raises(SourceError, match="not on the public internet"):
        check_address(address, private=False)

    check_address(address, private=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_names_that_lead_outside_are_fine(address: str) -> None:
    check_address(address, private=False)

    assert address
