"""What PhotoShare does, free of HTTP: a public function is one unit of work with one commit."""
