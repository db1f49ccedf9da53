"""What happens to an article between the wire and the alert.

    bus.read("articles")            # what the sources gave                        connectors.poll
      | decode, find language       # bytes that are no article: dead letter       stages.arrive
      | de-duplicate                # a copy names the first and goes no further   dedup.Seen
      | tag                         # places and actors, slips and acronyms        taggers.gazetteer
      | match watchlists            # with the words that made it hold             matching.Matcher
      | read closely                # sentences and names, of matches only         taggers.spacy_names
      | tell                        # one alert a story; the others join it        stories.memory
      | bus.append                  # `tagged`, `stories`, `alerts.<watchlist>`     topics.Publish
    # people are told by connectors.deliver

`flow` draws this line in Beam, `run` starts it with the two other loops, `cli` is the command line.
"""
