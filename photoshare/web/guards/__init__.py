"""Check who may request what, and how often."""
