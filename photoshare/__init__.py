"""PhotoShare: share the photos of an event; everybody gets an album of their own."""
