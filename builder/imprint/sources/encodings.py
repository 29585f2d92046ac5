"""Encodings: bytes of one file to text, with what was decided and how sure that is.

Laws: a byte order mark decides; what is valid UTF-8 is UTF-8; anything else is detected from the file's own bytes and the
decision, with its confidence, is written into the record; what cannot be decoded without loss is a fault.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from imprint.errors import Place, shorten
from imprint.findings import Finding
from imprint.sources.alphabets import cyrillic_page, latin_page

DETECTED_BYTES = 64 << 10
"""Bytes that a detection looks at: beyond that it does not become surer, only slower."""

ESCAPED = "imprint.escaped"
"""Error handler: bytes that cannot be decoded become lone surrogates, which no record may hold.

`surrogateescape` leaves the bytes of ASCII that broken UTF-16 consists of, and the decoder raises.
"""


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC80 | byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(ESCAPED, _escape)

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """What a file is encoded in."""

    name: str
    """Name that Python knows."""
    confidence: float
    """1 where a mark or the bytes prove it, else how far the detector trusts itself."""

    @property
    def step(self) -> list[str]:
        """The entry in `processing`; none for UTF-8, which needs no decision."""
        return [] if self.name == "utf-8" else [f"decoded@1: {self.name} ({self.confidence:.2f})"]


UTF_8 = Encoding("utf-8", 1.0)


def detect(data: bytes) -> Encoding:
    """The encoding of a file, from its beginning or the whole of it."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return Encoding(name, 1.0)
    sample = data[:DETECTED_BYTES]
    if (wide := _unmarked_utf16(sample)) is not None:
        return wide
    return UTF_8 if _is_utf8(sample) or _is_damaged_utf8(sample) else _older(sample)


def _older(sample: bytes) -> Encoding:
    """The encoding of a text that is not Unicode."""
    if (cyrillic := cyrillic_page(sample)) is not None:
        return Encoding(cyrillic[0], round(cyrillic[1], 2))
    from charset_normalizer import from_bytes  # noqa: PLC0415 - only where a file is not UTF-8

    best = from_bytes(sample).best()
    if best is None:
        return UTF_8
    if _is_latin(str(best)) and (page := latin_page(sample)) is not None:
        return Encoding(page[0], round(page[1], 2))
    return Encoding(best.encoding, round(1.0 - best.chaos, 2))


def _is_latin(text: str) -> bool:
    """Whether the letters of a text beyond ASCII are of the Latin script."""
    letters = [char for char in text if char > "\x7f" and char.isalpha()]
    return sum(char < "\u0250" or "\u1e00" <= char < "\u1f00" for char in letters) >= len(letters) / 2


def decode(data: bytes) -> tuple[str, Encoding] | Finding:
    """The text of a whole file without its byte order mark, or why it cannot be decoded."""
    encoding = detect(data)
    try:
        text = data.decode("utf-8-sig" if encoding.name == "utf-8" else encoding.name)
    except UnicodeDecodeError as error:
        seen = shorten(data[max(0, error.start - 20) : error.start + 20])
        message = f"byte {error.start + 1} of the file is not {encoding.name.upper()}"
        return Finding("invalid_utf8", message, Place(value=seen), "save the file as UTF-8")
    return text.removeprefix("\ufeff"), encoding


def _unmarked_utf16(sample: bytes) -> Encoding | None:
    """UTF-16 without its mark: spaces, digits and line ends, which any text has, leave a NUL in every other place."""
    zeros = sample.count(0)
    if zeros < max(2, len(sample) // NULS):
        return None
    big = sample[::2].count(0)
    share = max(big, zeros - big) / zeros
    if share < UTF16_SHARE:
        return None
    return Encoding("utf-16-be" if big > zeros - big else "utf-16-le", round(share, 2))


NULS = 50
"""One byte in so many is NUL in UTF-16 of any script."""

UTF16_SHARE = 0.95
"""Share of the NULs that must stand in one half of the pairs."""


def _is_utf8(sample: bytes) -> bool:
    """Whether a beginning is UTF-8; it may end in the middle of a character."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _is_damaged_utf8(sample: bytes) -> bool:
    """Whether UTF-8 was meant: most characters beyond ASCII are whole, or the faults are surrogates written as UTF-8.

    Any bytes are text in some encoding of one byte a character; a few lost ones must not turn a file into that.
    """
    try:
        sample.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = sample.decode("utf-8", "replace")
        faults = text.count("\ufffd")
        return sum(char > "\x7f" for char in text) - faults >= faults
    return True
