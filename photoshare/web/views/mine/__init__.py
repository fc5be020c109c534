"""What is about a guest themselves: their own page, and finding their own face."""
