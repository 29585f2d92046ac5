"""Cleaning: pure rules on articles. Each step has a name and a version and leaves a trace where it changed a record."""
