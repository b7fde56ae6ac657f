"""Instance state, attributes, collections, history and backrefs."""
