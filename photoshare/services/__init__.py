"""Implement what PhotoShare does, without HTTP: a public function is one commit."""
