"""Extend the web server: connections, request bodies, threads, the log."""
