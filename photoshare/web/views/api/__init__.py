"""The API for scripts: one module a version."""
