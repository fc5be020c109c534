"""Which database holds the rows, and what PostgreSQL needs that SQLite does not."""
