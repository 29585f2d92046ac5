"""Sources: the formats that articles arrive in. One file per format, `base` is what they share.

`FORMATS` is the table of what is read; a new format is a new file and a line here.
"""

from imprint.sources.base import Format
from imprint.sources.compression import split_suffix
from imprint.sources.json_file import JSON_FILE
from imprint.sources.jsonl import JSON_LINES
from imprint.sources.markdown import MARKDOWN
from imprint.sources.table import TABLE
from imprint.sources.text import TEXT

FORMATS: tuple[Format, ...] = (TEXT, MARKDOWN, JSON_LINES, JSON_FILE, TABLE)
"""All formats."""

BY_NAME: dict[str, Format] = {fmt.name: fmt for fmt in FORMATS}
"""The formats under their names."""


def format_of(path: str) -> tuple[Format, str] | None:
    """Format and compression of a file, by its name; None where it is not one that is read."""
    stem, compression = split_suffix(path)
    for fmt in FORMATS:
        if stem.lower().endswith(fmt.suffixes):
            return fmt, compression
    return None
