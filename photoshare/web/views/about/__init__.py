"""Pages about PhotoShare itself, for everybody."""
