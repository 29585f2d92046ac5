"""Deduplication: which records say the same, as pure functions on arrays of digests."""
