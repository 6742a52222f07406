"""What a browser calls itself, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.browser_names import LENGTH_MAX, browser_name

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("software", "name"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/156.0.0.0 Safari/537.36", "Chrome 156 on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/156.0.0.0 Safari/537.36 Edg/156.0", "Edge 156 on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140 on Windows"),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) {WEBKIT} Version/19.0 Mobile/15E148 Safari/604.1",
            "Safari 19 on iPhone",
        ),
        (f"Mozilla/5.0 (Linux; Android 16) {WEBKIT} Chrome/156.0 Mobile Safari/537.36", "Chrome 156 on Android"),
        ("curl/8.14", "curl/8.14"),
        ("", ""),
    ],
)
def test_known_browsers_are_named(software: str, name: str) -> None:
    assert browser_name(software) == name


@given(st.text(max_size=300))
def test_whatever_it_is_the_name_is_short(software: str) -> None:
    assert len(browser_name(software)) <= LENGTH_MAX + 20
