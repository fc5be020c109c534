"""Create, enter, change and delete rooms, and manage their guests."""
