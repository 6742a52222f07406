"""Routing: what a super tenant's users and groups come to in the tenants below."""
