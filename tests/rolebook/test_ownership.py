"""Our package names are common ones: another distribution that has them too is found."""

import pytest

from rolebook.ownership import PACKAGES, ForeignPackageError, foreign_owners, refuse_foreign_owners


def test_the_packages_are_ours_alone_in_this_environment() -> None:
    refuse_foreign_owners()

    assert len(PACKAGES) == 5


def test_a_second_owner_is_named() -> None:
    owners = {"portal": ["Rolebook", "django-portal"], "scim": ["scim"], "httpx": ["httpx"]}

    assert foreign_owners(owners) == {"portal": "django-portal", "scim": "scim"}


def test_an_installed_rolebook_is_no_stranger() -> None:
    assert foreign_owners({package: ["rolebook"] for package in PACKAGES}) == {}


def test_a_stranger_in_the_environment_is_refused(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("site")
    info = folder / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n", encoding="utf-8")
    (info / "top_level.txt").write_text("connectors\n", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)

    with pytest.raises(ForeignPackageError, match="stranger installs the package connectors"):
        refuse_foreign_owners()
