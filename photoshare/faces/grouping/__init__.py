"""Group faces into people: clusters, constraints between them, and how they grow; pure."""
