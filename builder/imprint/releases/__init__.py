"""The release: its file names, manifest, ledger, shards and statistics. Digests and Parquet; no raw input."""
