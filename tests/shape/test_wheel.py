"""The wheel is what the README promises, and nothing of ours overwrites anything of others."""

import zipfile
from collections.abc import Iterator

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.shape.tree import PACKAGES, ROOT, each_file, each_module, name_of


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Give the wheel of this tree, built in this process."""
    folder = tmp_path_factory.mktemp("wheel")
    built = next(iter(WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])))
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_wheel_has_exactly_our_five_packages(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}

    assert tops == {*PACKAGES, "rolebook-0.1.0.dist-info"}


def test_wheel_has_every_module_of_the_tree(wheel: zipfile.ZipFile) -> None:
    assert {name for name in wheel.namelist() if name.endswith(".py")} == {name_of(path) for path in each_module()}


@pytest.mark.parametrize("folder", ["templates", "static"])
def test_wheel_ships_the_folder_inside_portal(wheel: zipfile.ZipFile, folder: str) -> None:
    here = {f"portal/{name_of(path)}" for path in each_file(ROOT / folder)}

    assert here
    assert {name for name in wheel.namelist() if name.startswith(f"portal/{folder}/")} == here


def test_wheel_installs_the_command(wheel: zipfile.ZipFile) -> None:
    entry_points = wheel.read("rolebook-0.1.0.dist-info/entry_points.txt").decode()

    assert "rolebook = rolebook.cli:main" in entry_points
