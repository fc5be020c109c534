"""Photos of a room: taking them in, their albums, their smaller pictures, the wall."""
