"""Find and encode faces with one of several engines; `choose.py` decides which one runs."""
