"""PhotoShare behind nginx and Caddy, by the recipes of docs/deployment.md."""
