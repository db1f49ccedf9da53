"""Names of places and actors: what the gazetteer holds, and how a slip or an acronym leads to one of them."""
