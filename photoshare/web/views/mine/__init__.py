"""What is about a guest themselves: their page, finding their face, and what they share."""
