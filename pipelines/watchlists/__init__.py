"""Watchlists: the language they are written in, and the matcher that finds which of them an article meets."""
