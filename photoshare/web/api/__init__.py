"""The API for scripts: the shapes of its answers, its errors, and the document about it."""
