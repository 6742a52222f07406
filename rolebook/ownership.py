"""Whether our package names are ours alone: other distributions install packages called portal, scim or connectors."""

from collections.abc import Mapping
from importlib.metadata import packages_distributions

PACKAGES = ("rolebook", "portal", "scim", "connectors", "directory")
DISTRIBUTION = "rolebook"


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
