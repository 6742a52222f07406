"""Which version this is, and whether our package names are ours alone: others install portal, scim or connectors."""

import tomllib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

PACKAGES = ("rolebook", "portal", "scim", "connectors", "directory")
DISTRIBUTION = "rolebook"


def own_version() -> str:
    """Return the version that is installed; in a checkout, the one that it would be built as."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return str(project["version"])


class ForeignPackageError(Exception):
    """Another distribution writes into one of our packages; removing it would remove files of ours."""


def foreign_owners(owners: Mapping[str, list[str]]) -> dict[str, str]:
    """Return which of our packages another distribution has, and which it is; ``owners`` is by package."""
    return {
        package: other
        for package in PACKAGES
        for other in sorted(set(owners.get(package, ())))
        if other.lower() != DISTRIBUTION
    }


def refuse_foreign_owners() -> None:
    """Pass only if no other distribution installed a package of our names.

    Installing one beside us overwrites our files without a warning.

    Raises:
        ForeignPackageError: names the distributions.
    """
    found = foreign_owners(packages_distributions())
    if found:
        words = ", ".join(f"{other} installs the package {package}" for package, other in found.items())
        raise ForeignPackageError(f"{words}. Install Rolebook into an environment of its own.")
