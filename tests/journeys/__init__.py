"""Journeys through the running server, and what is left when it is killed on the way."""
