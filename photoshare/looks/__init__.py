"""How alike photos look."""
