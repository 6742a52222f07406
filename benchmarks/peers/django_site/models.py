"""The models that django-scim2 asks a project for: its mixins, nothing else."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Team(AbstractSCIMGroupMixin):
    """A group."""

    name = models.CharField(max_length=200)


class Person(AbstractSCIMUserMixin, AbstractUser):
    """A user, with groups by a many-to-many relation."""

    scim_groups = models.ManyToManyField(Team, related_name="user_set")
    groups = None
    user_permissions = None
