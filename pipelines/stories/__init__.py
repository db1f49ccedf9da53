"""Stories: articles of one watchlist that tell of one event, whichever came first.

An article is a bag of weighted terms (`terms`); how rare a term is, a background of the language and the stream itself
say (`rarity`); `linking` compares an article with members of a story, and `memory` joins it to the best or opens one.
`telling` says when a story is worth an alert, `candidate` raises and updates it, `timeline` tells how a story went.
"""
