"""Reads and bookkeeping of routing."""
