"""The faces of a release: made from the manifest and its statistics alone, never from raw data."""
