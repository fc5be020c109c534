"""How right and how fast PhotoShare is, measured: not a part of the product."""
