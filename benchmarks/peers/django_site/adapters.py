"""The one adapter that has to be said: members by the relation of this project."""

from django_scim.adapters import SCIMGroup


class TeamAdapter(SCIMGroup):
    """A group as the package gives it."""
