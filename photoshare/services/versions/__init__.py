"""Photos that are shown as one: a Live Photo and its movie, a RAW file, near duplicates."""
