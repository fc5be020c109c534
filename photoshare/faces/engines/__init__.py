"""What finds and encodes faces; `choose.py` decides which engine runs."""
