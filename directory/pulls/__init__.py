"""Pulling: what a directory elsewhere said is staged, compared, planned, and applied by the verbs that serve pushes."""
