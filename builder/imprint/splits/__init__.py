"""Splits: where each cluster stands (strategies) and what becomes of newcomers beside what is published (placing)."""
