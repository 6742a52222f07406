"""The door we open ourselves: pulling users and groups from a directory elsewhere."""
