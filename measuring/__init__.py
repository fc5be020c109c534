"""Measure how accurate and how fast PhotoShare is; not part of the product."""
