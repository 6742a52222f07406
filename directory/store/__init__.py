"""Where the directory is kept: SQLite or PostgreSQL, one unit of work, and nothing that decides."""
