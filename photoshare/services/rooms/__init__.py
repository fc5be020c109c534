"""Rooms and their guests: made, entered, changed, deleted."""
