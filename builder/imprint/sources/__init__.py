"""Sources: the formats that articles arrive in. One file per format, `base` is what they share.

`FORMATS` is the table of what is read; a new format is a new file and a line here.
"""

from imprint.sources.base import Format
from imprint.sources.compression import split_suffix
from imprint.sources.doc_xml import DOC_XML
from imprint.sources.fault import FAULT
from imprint.sources.json_file import JSON_FILE
from imprint.sources.jsonl import JSON_LINES
from imprint.sources.markdown import MARKDOWN
from imprint.sources.parquet import PARQUET
from imprint.sources.table import TABLE
from imprint.sources.text import TEXT
from imprint.sources.wet import WET

FORMATS: tuple[Format, ...] = (TEXT, MARKDOWN, JSON_LINES, JSON_FILE, TABLE, PARQUET, DOC_XML, WET)
"""All formats."""

BY_NAME: dict[str, Format] = {fmt.name: fmt for fmt in (*FORMATS, FAULT)}
"""The formats under their names."""


def format_of(path: str) -> tuple[Format, str] | None:
    """Format and compression of a file, by its name; None where it is not one that is read."""
    stem, compression = split_suffix(path)
    for fmt in FORMATS:
        if stem.lower().endswith(fmt.suffixes):
            return fmt, compression
    return None
