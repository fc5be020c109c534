"""What is about a guest themselves: finding their own face."""
