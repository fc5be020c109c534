"""The people of a room: their faces, how they are grouped, and what is asked about them."""
