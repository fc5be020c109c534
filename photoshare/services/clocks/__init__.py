"""Cameras whose clocks are wrong: find them, suggest by how much, put their photos right."""
