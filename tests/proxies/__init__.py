"""PhotoShare behind nginx and Caddy, with the recipes of docs/deployment.md."""
