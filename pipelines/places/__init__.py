"""Which places an article is about: from names that many places bear to countries, one rule after the other."""
