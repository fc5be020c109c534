"""The owner of the server: who may open rooms, their password and sessions, and all rooms."""
