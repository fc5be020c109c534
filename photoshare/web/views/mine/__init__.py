"""The pages of what belongs to one guest, and of what they share of it."""
