"""Downloads: originals without private metadata, and zips of them."""
