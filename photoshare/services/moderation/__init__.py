"""What waits for a host's yes: kept apart from photos, so that nothing else can show it."""
