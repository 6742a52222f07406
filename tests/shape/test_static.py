"""What the browser loads is ours or vendored unchanged, and light."""

import base64
import gzip
import hashlib
import re

from tests.shape.tree import ROOT

STATIC = ROOT / "static"
OWN_SCRIPT_MAX_BYTES = 3 * 1024
STYLES_MAX_BYTES = 10 * 1024
_VENDORED_ROW = re.compile(r"^\| `(?P<file>[^`]+)` \|.*\| `(?P<sha384>[^`]+)` \|$", re.MULTILINE)


def test_vendored_files_have_the_recorded_hashes() -> None:
    recorded = dict(_VENDORED_ROW.findall((STATIC / "VENDORED.md").read_text()))

    assert recorded == {name: sha384_of(name) for name in ("htmx.min.js", "hx-sse.min.js")}


def test_every_script_but_our_own_is_vendored() -> None:
    recorded = dict(_VENDORED_ROW.findall((STATIC / "VENDORED.md").read_text()))

    assert {path.name for path in STATIC.rglob("*.js")} <= {"app.js", *recorded}


def test_own_script_weighs_at_most_3_kb_compressed() -> None:
    assert len(gzip.compress((STATIC / "app.js").read_bytes())) <= OWN_SCRIPT_MAX_BYTES


def test_styles_weigh_at_most_10_kb_compressed() -> None:
    assert sum(len(gzip.compress(path.read_bytes())) for path in STATIC.glob("*.css")) <= STYLES_MAX_BYTES


def test_styles_load_nothing_from_elsewhere() -> None:
    styles = "".join(path.read_text() for path in STATIC.glob("*.css"))

    assert re.findall(r"@import|\bdata:|://", styles) == []


def sha384_of(name: str) -> str:
    """Return the hash of a static file, in the base64 form of an integrity attribute."""
    return base64.b64encode(hashlib.sha384((STATIC / name).read_bytes()).digest()).decode()
