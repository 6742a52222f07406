"""The identity provider's door: RFC 7643 and RFC 7644 on the wire."""
