"""Okta as a source: users, groups and their members."""
