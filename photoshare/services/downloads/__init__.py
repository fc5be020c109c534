"""What guests take home: originals made clean of private data, and zips of them."""
