"""Engines: an ordered, restartable map of a function over parts. The ground floor; it knows no articles."""
