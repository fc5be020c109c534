"""Find, encode and group faces: free of Flask, of SQLAlchemy and of the web."""
