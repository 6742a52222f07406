"""What connectors may reach, as the settings have it."""

import pytest

from rolebook.connecting import network_for
from rolebook.settings import Settings, SettingsError
from tests.rolebook.house import settings_for


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("https://graph.test:8443/", ("https://graph.test:8443", "https://graph.test:8443")),
        ("https://sign-in.test https://graph.test", ("https://sign-in.test", "https://graph.test")),
    ],
)
def test_microsoft_graph_may_be_elsewhere(text: str, reached: tuple[str, str]) -> None:
    network = network_for(settings_for("sqlite:///here.sqlite", ROLEBOOK_PULL_GRAPH=text))

    assert (network.graph_at, network.private_addresses) == (reached, False)


def test_nothing_is_elsewhere_unless_it_is_said() -> None:
    assert network_for(settings_for("sqlite:///here.sqlite")).graph_at is None


@pytest.mark.parametrize("text", ["http://graph.test", "graph.test", "https://a.test https://b.test https://c.test"])
def test_credentials_go_nowhere_without_encryption(text: str) -> None:
    with pytest.raises(SettingsError, match="ROLEBOOK_PULL_GRAPH"):
        Settings.from_env({"ROLEBOOK_PULL_GRAPH": text})
