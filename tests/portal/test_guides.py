"""The guides of the portal and those in the documentation say the same."""

import re
from pathlib import Path

import pytest

from directory.attribute_guide import GUIDE
from directory.diagnosis import MISTAKES, Finding
from directory.model import Preset
from directory.setup_steps import STEPS
from portal.guides import GUIDES, PRESETS
from portal.setup_words import FIELD_NAMES, hint_for, told_finding

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN: dict[Preset, str] = {"entra": "connect-entra.md", "okta": "connect-okta.md"}


@pytest.mark.parametrize("preset", WRITTEN)
def test_the_written_guide_has_the_steps_of_the_page_in_their_order(preset: Preset) -> None:
    headings = re.findall(r"^## \d\. (.*)$", (DOCS / WRITTEN[preset]).read_text(), re.MULTILINE)
    assert headings == [step.title for step in GUIDES[preset].steps]


@pytest.mark.parametrize("preset", WRITTEN)
def test_the_written_guide_has_the_rows_that_are_needed(preset: Preset) -> None:
    rows = re.findall(r"^\| (.*?) \| `(.*?)`.*? \| (\w+) \|$", (DOCS / WRITTEN[preset]).read_text(), re.MULTILINE)
    attributes = GUIDES[preset].attributes
    assert [(name.strip("`"), path, need) for name, path, need in rows] == [
        (attributes[row.key], row.scim_path, row.need) for row in GUIDE if row.need != "optional"
    ]


@pytest.mark.parametrize("preset", WRITTEN)
def test_the_written_guide_uses_the_labels_of_the_provider(preset: Preset) -> None:
    text = (DOCS / WRITTEN[preset]).read_text()
    assert f"**{GUIDES[preset].endpoint_label}**" in text
    assert f"**{GUIDES[preset].key_label}**" in text


@pytest.mark.parametrize("preset", PRESETS)
def test_every_provider_has_words_for_everything(preset: Preset) -> None:
    guide = GUIDES[preset]
    assert set(guide.attributes) == {row.key for row in GUIDE} == set(FIELD_NAMES)
    assert {step.shows for step in guide.steps} >= {"connection", "mapping", "check", "groups"}
    for step in STEPS:
        assert "{" not in hint_for(preset, step)
    for mistake in MISTAKES:
        told = told_finding(Finding(mistake=mistake, count=1, total=1, client="okta"), preset)
        assert "{" not in told.title + told.advice
