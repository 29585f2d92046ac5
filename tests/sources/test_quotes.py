"""Tables cut into spans: the same rows, numbers and digests as in one piece."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imprint.sources.base import InputFile, RawRecord, Span
from imprint.sources.table import TABLE

CELLS = st.text(st.sampled_from('ab,;"\n\r \u00e9\u2028'), max_size=6).map(
    lambda cell: cell.replace("\r", "\r\n")
)


def table(path: Path, data: bytes) -> InputFile:
    path.write_bytes(data)
    return InputFile(str(path), path.name, len(data), "csv", "")


def rows(spans: tuple[Span, ...]) -> list[tuple[int, str, object, object]]:
    found: list[RawRecord] = [record for span in spans for batch in TABLE.read(span) for record in batch]
    return [
        (one.row, one.raw_sha256, one.payload and one.payload[0], one.fault and one.fault.code)
        for one in found
    ]


@given(
    st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=40), st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]), st.integers(20, 60), st.integers(7, 64),
)  # fmt: skip
def test_a_table_in_spans_has_the_rows_of_the_table_in_one(
    tmp_path_factory: pytest.TempPathFactory,
    cells: list[tuple[str, str]],
    end: str,
    mark: str,
    span: int,
    block: int,
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(["title", "text"])
    writer.writerows(cells)
    text = out.getvalue().replace(f"{end}{end}", f"{end}{end}{end}")
    file = table(tmp_path_factory.mktemp("spans") / "a.csv", (mark + text).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imprint.sources.quotes.SPAN_BYTES", span)
        patch.setattr("imprint.sources.table.SPAN_BYTES", span)
        patch.setattr("imprint.sources.quotes.BLOCK", block)
        spans = TABLE.divide(file)
    assert [one.start for one in spans[1:]] == [one.end for one in spans[:-1]]
    assert rows(spans) == rows((Span(file, 0, None, 1),))


@pytest.mark.parametrize(
    "row", ['5" pipe,b', 'a,"b" c', 'a, "b"', '6",b', "a,b\rc,d", '"open,b'], ids=["inch", "behind", "space", "tall", "cr", "open"]
)  # fmt: skip
def test_a_table_with_a_quote_out_of_place_is_read_in_one_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    for module in ("quotes", "table"):
        monkeypatch.setattr(f"imprint.sources.{module}.SPAN_BYTES", 64)
    sound = "title,text\n" + '"a ""b""","c\nd"\n' * 20
    assert len(TABLE.divide(table(tmp_path / "sound.csv", sound.encode()))) > 3
    assert len(TABLE.divide(table(tmp_path / "odd.csv", f"{sound}{row}\n{sound}".encode()))) == 1


def test_a_table_in_another_encoding_is_read_in_one_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("quotes", "table"):
        monkeypatch.setattr(f"imprint.sources.{module}.SPAN_BYTES", 64)
    assert len(TABLE.divide(table(tmp_path / "a.csv", ("title,text\n" + "a,b\n" * 99).encode("utf-16")))) == 1
