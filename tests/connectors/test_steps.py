import pytest

from connectors.connector import Secrets, Step
from connectors.errors import SourceError
from connectors.steps import Steps, warned

pytestmark = pytest.mark.anyio


async def good() -> str:
    return "fine"


async def so_so() -> Step:
    return warned("nearly", remedy="Look.")


async def bad() -> str:
    raise SourceError("auth", "no", remedy="Do.")


async def test_steps_are_named_and_end_where_one_fails() -> None:
    steps = Steps()
    for key, deed in (("a", good), ("b", so_so), ("c", bad), ("d", good)):
        await steps.take(key, key.upper(), deed)

    assert [(one.key, one.words, one.outcome, one.detail) for one in steps.taken] == [
        ("a", "A", "passed", "fine"), ("b", "B", "warned", "nearly"),
        ("c", "C", "failed", "no"), ("d", "D", "skipped", ""),
    ]  # fmt: skip
    assert steps.failed


def test_secrets_show_themselves_to_nobody_who_prints_them() -> None:
    secrets = Secrets({"token": "a-secret"})

    assert secrets["token"] == "a-secret"
    assert "a-secret" not in f"{secrets} {secrets!r}"
