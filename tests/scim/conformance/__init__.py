"""Acceptance by third parties: their suites, their servers as oracles, and requests nobody would write."""
