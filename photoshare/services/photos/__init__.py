"""Add photos to a room, and read its albums, smaller pictures and wall."""
