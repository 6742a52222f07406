"""The room: what is true, and the only way to change it."""
