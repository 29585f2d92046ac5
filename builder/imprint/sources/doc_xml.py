"""trafilatura's XML: one article a file, a `<doc>` whose attributes are the metadata and whose `<main>` is the text.

Law: external entities are never read; expat bounds what internal ones may expand to.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from imprint.errors import Place
from imprint.findings import Finding
from imprint.sources.base import Draft, InputFile, RawRecord, Recognise, Span, undivided
from imprint.sources.whole import read_whole, recognise_whole

_BLOCKS = frozenset({"p", "head", "item", "quote", "code", "row", "ab", "lb", "list", "table", "div"})
"""Elements that stand on lines of their own."""


@dataclass(frozen=True, slots=True)
class DocXml:
    """The format of .xml files."""

    name: str = "xml"
    what: str = "trafilatura's `<doc>`, one article a file"
    suffixes: tuple[str, ...] = (".xml",)
    one_per_file: bool = True

    def divide(self, file: InputFile) -> tuple[Span, ...]:
        """One span: the file is read from its beginning."""
        return undivided(file)

    def read(self, span: Span) -> Iterator[list[RawRecord]]:
        """Read the file of a span: one record."""
        return read_whole(span)

    def draft(self, record: RawRecord, file: InputFile, recognise: Recognise) -> Draft:
        """The draft of a document."""
        try:
            root = ET.fromstring(record.payload)  # noqa: S314 - no external entities; expat bounds the others
        except (ET.ParseError, ValueError, LookupError) as error:
            return Draft({}, fault=Finding("invalid_xml", f"the file is not XML: {error}"))
        main = root if root.tag == "main" else root.find("main")
        if root.tag != "doc" or main is None:
            message = f"the root is <{root.tag[:60]}>; read is <doc> with a <main>, as trafilatura writes it"
            return Draft({}, fault=Finding("unknown_xml", message, Place(value=root.tag[:60])))
        attributes = {key: value for key, value in root.attrib.items() if value}
        return recognise_whole(record, file, attributes, text_of(main), recognise)


DOC_XML = DocXml()


def text_of(main: ET.Element) -> str:
    """The text of an element: blocks as paragraphs, everything else inline; without recursion, whatever the depth."""
    paragraphs: list[list[str]] = [[]]
    stack: list[tuple[str, ET.Element]] = [("open", main)]
    while stack:
        step, element = stack.pop()
        is_block = element.tag in _BLOCKS
        if step == "open":
            if is_block:
                paragraphs.append([])
            paragraphs[-1].append(element.text or "")
            stack.append(("close", element))
            stack.extend(("open", child) for child in reversed(element))
        else:
            if is_block:
                paragraphs.append([])
            if element is not main:
                paragraphs[-1].append(element.tail or "")
    joined = (" ".join("".join(pieces).split()) for pieces in paragraphs)
    return "\n\n".join(paragraph for paragraph in joined if paragraph)
