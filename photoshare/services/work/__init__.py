"""Manage background work: the job table, the photo queue, and leftovers of crashes."""
