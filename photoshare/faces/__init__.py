"""Find, encode and group faces, without Flask, SQLAlchemy or the web."""
