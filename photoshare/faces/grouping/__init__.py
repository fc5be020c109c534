"""Which faces are the same person: clusters, what keeps them apart, and how they grow; pure."""
