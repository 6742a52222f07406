"""The door of asset systems: equipment as JSON, opened by keys of its own and by no web session."""
