"""Tables as text: any dialect, with and without a header; a ragged row is a fault with its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from imprint.sources.dialects import TRAFILATURA, Dialect, Style, decide
from tests.sources.test_formats import drafts, records, values


def write(folder: Path, text: str, name: str = "a.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_that_makes_rows_of_equal_width(separator: str) -> None:
    rows = [["url", "title", "text"], ["https://a.example/1", "One, two; three", "A | b, c; d"]]
    quoted = "\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows)
    assert decide(quoted) == Dialect(Style(separator), ("url", "title", "text"), 1)


def test_a_table_without_known_names_has_the_header_that_looks_like_one() -> None:
    assert decide("Schlagzeile;Inhalt\nEin Titel;Ein Text.\n").names == ("Schlagzeile", "Inhalt")
    assert decide("https://a.example/1;Ein Text.\n").names == ("column_1", "column_2")
    assert decide("2024-01-02;Ein Text.\n").header_rows == 0


def test_trafilatura_s_tables_have_no_header_and_say_null(tmp_path: Path) -> None:
    row = "https://a.example/1\tnull\tabc\ta.example\tThe quay\tnull\t2024-02-07\tIt was repaired.\tnull\tnull\tarticle\n"
    assert decide(row * 3).names == TRAFILATURA
    [one, _, _] = drafts(write(tmp_path, row * 3, "a.tsv"))
    assert one.values == {
        "url": "https://a.example/1",
        "title": "The quay",
        "published_at": "2024-02-07",
        "text": "It was repaired.",
    }


def test_cells_may_hold_line_ends_quotes_and_separators(tmp_path: Path) -> None:
    path = write(tmp_path, 'url,title,text\r\nu,"a ""b"", c","one\r\n\r\ntwo, three"\r\nv,t,x\r\n')
    assert [draft.values["text"] for draft in drafts(path)] == ["one\r\n\r\ntwo, three", "x"]
    assert drafts(path)[0].values["title"] == 'a "b", c'


def test_a_row_of_another_width_is_a_fault_with_its_number_and_the_rest_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "title,text\na,one\nb,two,three\nc\nd,four\n")
    found = records(path)
    assert [(r.row, r.fault.code if r.fault else None) for r in found] == [
        (1, None),
        (2, "wrong_columns"),
        (3, "wrong_columns"),
        (4, None),
    ]


def test_a_quote_that_is_never_closed_costs_no_row_before_it(tmp_path: Path) -> None:
    found = drafts(write(tmp_path, 'title,text\na,one\nb,"two\nc,three\n'))
    assert found[0].values == {"title": "a", "text": "one"}
    assert len(found) == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "windows-1252"])
def test_a_table_in_another_encoding_is_decoded(tmp_path: Path, encoding: str) -> None:
    text = "titel,text\n" + "".join(
        f"Brücke {i},Die Brücke über den Fluß bleibt länger gesperrt\n" for i in range(20)
    )
    found = drafts(write(tmp_path, text, encoding=encoding))
    assert found[3].values["text"] == "Die Brücke über den Fluß bleibt länger gesperrt"
    assert bool(found[3].steps) == (encoding != "utf-8-sig")


def test_rows_are_numbered_without_the_header_and_blank_lines(tmp_path: Path) -> None:
    assert [r.row for r in records(write(tmp_path, "title,text\n\na,one\n\n\nb,two\n"))] == [1, 2]


def test_an_empty_table_and_a_header_alone_have_no_rows(tmp_path: Path) -> None:
    assert records(write(tmp_path, "")) == []
    assert records(write(tmp_path, "title,text\n")) == []


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'title,text\n"A \\"b\\" c","one, \\"two\\", three"\nB,c\n', 'one, "two", three'),
        (b"title;text\n'A';'one; two'\n'B';'c''d'\n", "one; two"),
        (b'title,text\n"A","one ""two"" three"\nB,it\'s\n', 'one "two" three'),
        (b'title,text\n"C:\\dir\\","one"\n"B","c"\n', "one"),
    ],
    ids=["backslash", "single quotes", "doubled", "a path"],
)
def test_quotes_are_understood_however_they_are_escaped(tmp_path: Path, data: bytes, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    assert [one.fault for one in records(path)] == [None, None]
    assert values(path)[0]["text"] == text
