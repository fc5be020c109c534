"""The pages about a room as a whole, and those by which its hosts manage it."""
