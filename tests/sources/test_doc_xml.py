"""trafilatura's XML: attributes are metadata, blocks of <main> are paragraphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.test_formats import drafts

DOC = (
    '<doc sitename="The Quay Post" title="The quay &amp; the wall" author="Ada Quill" date="2024-02-07" '
    'url="https://quay.example/1" hostname="quay.example" categories="" tags="harbour;walls">\n'
    "  <main>\n    <head rend='h2'>Repairs</head>\n    <p>The wall <hi>was</hi> repaired,\n they said.</p>\n"
    "    <list><item>stones</item><item>mortar</item></list><quote>At last.</quote>\n  </main>\n"
    "  <comments><p>First!</p></comments>\n</doc>"
)


def draft(folder: Path, text: str | bytes):  # type: ignore[no-untyped-def]
    path = folder / "0001.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    [found] = drafts(path)
    return found


def test_a_document_becomes_an_article_without_its_comments(tmp_path: Path) -> None:
    assert draft(tmp_path, DOC).values == {
        "source_id": "0001",
        "publisher": "The Quay Post",
        "title": "The quay & the wall",
        "authors": "Ada Quill",
        "published_at": "2024-02-07",
        "url": "https://quay.example/1",
        "keywords": "harbour;walls",
        "text": "Repairs\n\nThe wall was repaired, they said.\n\nstones\n\nmortar\n\nAt last.",
    }


def test_text_nested_without_end_is_read(tmp_path: Path) -> None:
    deep = "<hi>" * 50_000 + "deep" + "</hi>" * 50_000
    assert draft(tmp_path, f"<doc><main><p>{deep}</p></main></doc>").values["text"] == "deep"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<doc><main><p>cut", "invalid_xml"),
        ("", "invalid_xml"),
        ("<html><body>x</body></html>", "unknown_xml"),
        ("<doc><body>x</body></doc>", "unknown_xml"),
        (b"<doc><main>\xff</main></doc>", "invalid_xml"),
        (
            '<!DOCTYPE doc [<!ENTITY e SYSTEM "file:///etc/passwd">]><doc><main>&e;</main></doc>',
            "invalid_xml",
        ),
        (
            '<!DOCTYPE doc [<!ENTITY a "ha">'
            + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 40}">' for i in range(7))
            + "]><doc><main>&h;</main></doc>",
            "invalid_xml",
        ),
    ],
)
def test_what_is_no_such_document_is_a_fault(tmp_path: Path, text: str | bytes, code: str) -> None:
    fault = draft(tmp_path, text).fault
    assert fault is not None
    assert fault.code == code
