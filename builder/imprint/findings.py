"""Findings: what was seen in the data and is worth saying, with a stable code each.

Law: validation yields findings and never prints or exits; a code once published keeps its meaning. A quarantined
record is a finding that took the record out (QUARANTINE_REASONS); all others leave the record in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imprint.errors import NOWHERE, Place


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth saying about the input or a release."""

    code: str
    """Stable, machine-readable name, such as `invalid_json`."""
    message: str
    """One sentence for a person."""
    place: Place = NOWHERE
    """Where it was seen."""
    hint: str = ""
    """The next step."""

    def as_dict(self) -> dict[str, Any]:
        """The finding as data; the place's parts stand beside code and message."""
        place = self.place.as_dict()
        if "file" in place:
            place["path"] = place.pop("file")
        return {
            "code": self.code,
            "message": self.message,
            **place,
            **({"hint": self.hint} if self.hint else {}),
        }

    def __str__(self) -> str:
        place = str(self.place)
        return f"[{self.code}] {f'{place}: ' if place else ''}{self.message}{f' ({self.hint})' if self.hint else ''}"


HINTS = {
    "date-time": "write dates as 2024-02-07 or 2024-02-07T17:20:20Z; docs/input.md lists what is read",
    "uri": "write addresses with their scheme, as https://example.org/a",
}
"""Next step for a value that is not of a format of the schema."""

QUARANTINE_REASONS: dict[str, str] = {
    "unreadable_file": "the file could not be opened or read",
    "truncated_stream": "the compressed file is damaged or ends too early; what stood before is kept",
    "invalid_utf8": "the bytes are not UTF-8",
    "invalid_json": "the line is not JSON",
    "not_an_object": "the line is JSON, but not an object",
    "broken_header": "the --- header of the file is not YAML",
    "invalid_xml": "the file is not XML",
    "unknown_xml": "the XML is of a kind that is not read",
    "invalid_warc": "the file is damaged: no WARC record begins where one should",
    "damaged_parquet": "the Parquet file is damaged, or not Parquet",
    "broken_table": "the table cannot be read on from here",
    "wrong_columns": "the row has more or fewer cells than the table has columns",
    "nested_too_deep": "the line nests deeper than any article does",
    "out_of_range": "a value is valid, but too large or too early for its column",
    "record_too_large": "the record is larger than any article may be",
    "no_text_field": "no key of the record was recognised as its text",
    "ambiguous_date": "day and month of a date cannot be told apart; the recipe can say their order",
    "duplicate_key": "the object has a key twice, with different values",
    "broken_sidecar": "the metadata file beside the article cannot be read",
    "empty_text": "the text is missing, null, or empty after cleaning",
    "schema": "the record does not match schema/article.schema.json (the code names the keyword: schema.format …)",
}
"""Reason codes of quarantined records; those of the schema are `schema.<keyword>`."""
