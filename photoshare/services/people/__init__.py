"""Group the faces of a room into people, list them, and suggest corrections."""
