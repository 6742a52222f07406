"""Tests of the identity provider's door."""
