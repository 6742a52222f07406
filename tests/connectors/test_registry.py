import subprocess
import sys
from pathlib import Path

import pytest

from connectors.errors import SourceError
from connectors.registry import GROUP, get_kind, kind_names

DESCRIBED = """
from connectors.connector import ConnectorKind
from connectors.entra.config import GraphConfig

HR = ConnectorKind(name="hr", label="HR", config_type=GraphConfig, secret_fields=(), secrets_bound_to=(),
                   default_rules=(), connect=None)
NOTHING = "no kind at all"
"""


@pytest.fixture
def brought_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package with three entry points, of which one works."""
    told = tmp_path / "hr_connector-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: hr-connector\nVersion: 1.0\n")
    lines = ["hr = hr_connector:HR", "nothing = hr_connector:NOTHING", "gone = hr_connector_gone:HR"]
    (told / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines]))
    (tmp_path / "hr_connector.py").write_text(DESCRIBED)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_our_own_kinds_are_there() -> None:
    assert kind_names() == ("graph", "okta")
    assert [get_kind(name).label for name in kind_names()] == ["Entra ID (Microsoft Graph)", "Okta"]


@pytest.mark.usefixtures("brought_along")
def test_a_kind_of_another_package_is_there_once_it_is_allowed() -> None:
    allowed = frozenset({"hr"})

    assert kind_names(allowed) == ("graph", "okta", "hr")
    assert get_kind("hr", allowed).label == "HR"
    with pytest.raises(SourceError):
        get_kind("hr")


@pytest.mark.usefixtures("brought_along")
@pytest.mark.parametrize("name", ["nothing", "gone", "never heard of", ""])
def test_a_kind_that_does_not_load_is_an_error_in_words(name: str) -> None:
    with pytest.raises(SourceError) as caught:
        get_kind(name, frozenset({name}))

    assert caught.value.kind == "config"


def test_a_server_that_only_receives_pushes_never_imports_the_libraries() -> None:
    code = "import connectors.registry, sys; assert not {'okta', 'msal', 'aiohttp'} & sys.modules.keys()"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
