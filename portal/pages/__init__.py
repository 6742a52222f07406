"""One module per page; pages do not know each other."""
