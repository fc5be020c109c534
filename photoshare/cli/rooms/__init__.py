"""``rooms ...``: everything about a room, one module a noun."""
