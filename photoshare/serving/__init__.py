"""The web server: connections, bodies of requests, the log."""
