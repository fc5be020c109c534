"""Provide what templates use: words, languages, links, pictures of people, static files."""
