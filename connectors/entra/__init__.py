"""Entra ID as a source: users and groups of Microsoft Graph."""
