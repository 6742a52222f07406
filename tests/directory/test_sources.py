from dataclasses import replace

import pytest

from directory import events, sources
from directory.errors import ForbiddenError, InvalidError, NotFoundError
from directory.ids import new_id
from directory.model import SourceId
from directory.presets import PRESETS
from tests.directory.tenant_setup import NOW, SECOND, new_scene, other_tenant

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("store")]


async def test_a_source_begins_with_the_settings_of_its_preset() -> None:
    scene = await new_scene()
    for preset, settings in PRESETS.items():
        source = await scene.source(label=preset, preset=preset)
        assert source.settings == settings
        assert await sources.get_source(scene.tenant.tenant_id, source.source_id) == source
    assert [source.preset for source in await sources.list_sources(scene.tenant.tenant_id)] == list(PRESETS)


async def test_settings_are_changed_one_by_one_and_told() -> None:
    scene = await new_scene()
    source = await scene.source()
    changes = {"patch_response": "body", "string_booleans": "on"}
    after = await sources.edit_settings(source.source_id, changes, by=scene.by, now=NOW)
    assert after.settings == replace(source.settings, patch_response="body")
    assert await sources.get_source(scene.tenant.tenant_id, source.source_id) == after
    event = (await events.list_events(scene.tenant.tenant_id, subject_id=source.source_id, limit=1))[0]
    assert event.action == "source:settings:changed"
    assert [(change.name, change.old, change.new) for change in event.changes] == [
        ("patch_response", "no_content", "body")
    ]


async def test_settings_that_stay_as_they_are_make_no_event() -> None:
    scene = await new_scene()
    source = await scene.source()
    after = await sources.edit_settings(source.source_id, {"string_booleans": "yes"}, by=scene.by, now=NOW + SECOND)
    assert after == source
    assert len(await events.list_events(scene.tenant.tenant_id, subject_id=source.source_id, limit=10)) == 1


async def test_an_unknown_setting_is_named_and_nothing_changes() -> None:
    scene = await new_scene()
    source = await scene.source()
    with pytest.raises(InvalidError) as caught:
        await sources.edit_settings(source.source_id, {"string_booleans": "off", "colour": "red"}, by=scene.by, now=NOW)
    assert caught.value.attribute == "colour"
    assert await sources.get_source(scene.tenant.tenant_id, source.source_id) == source


@pytest.mark.parametrize("label", ["", "  ", "x" * 201, "two\nlines"])
async def test_a_label_that_cannot_be_one_is_refused(label: str) -> None:
    scene = await new_scene()
    with pytest.raises(InvalidError) as caught:
        await scene.source(label=label)
    assert caught.value.attribute == "label"


async def test_an_unknown_kind_or_preset_is_refused() -> None:
    scene = await new_scene()
    for kind, preset, named in (("ldap", "entra", "kind"), ("scim", "ping", "preset")):
        with pytest.raises(InvalidError) as caught:
            await sources.create_source(kind=kind, preset=preset, label="x", by=scene.by, now=NOW)  # type: ignore[arg-type]  # as from the command line
        assert caught.value.attribute == named


async def test_a_source_of_another_tenant_is_not_found() -> None:
    scene, other = await new_scene(), await other_tenant()
    source = await other.source()
    for source_id in (source.source_id, SourceId(new_id(NOW))):
        with pytest.raises(NotFoundError):
            await sources.get_source(scene.tenant.tenant_id, source_id)
        with pytest.raises(NotFoundError):
            await sources.edit_settings(source_id, {"string_booleans": "off"}, by=scene.by, now=NOW)
    assert await sources.get_source(other.tenant.tenant_id, source.source_id) == source


async def test_the_command_line_finds_a_source_of_any_tenant() -> None:
    source = await (await new_scene()).source()
    assert await sources.find_source(source.source_id) == source
    assert await sources.find_source(SourceId(new_id(NOW))) is None


async def test_a_source_needs_the_permission() -> None:
    scene = await new_scene()
    source = await scene.source()
    viewer = replace(scene.by, kind="operator", permissions=frozenset({"portal:view"}))
    with pytest.raises(ForbiddenError):
        await sources.create_source(kind="scim", preset="okta", label="x", by=viewer, now=NOW)
    with pytest.raises(ForbiddenError):
        await sources.edit_settings(source.source_id, {"string_booleans": "off"}, by=viewer, now=NOW)
