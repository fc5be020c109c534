"""Decode picture files and make smaller pictures, in processes of their own."""
