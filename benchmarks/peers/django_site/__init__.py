"""A Django project with django-scim2."""
