"""Tests of the house, one file a module."""
