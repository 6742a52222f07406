"""The rehearsal: what Entra and Okta send, played against a SCIM endpoint, and every answer checked."""
