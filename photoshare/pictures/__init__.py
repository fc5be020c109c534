"""Picture files: their formats, decoding, smaller pictures, and the process that makes them."""
