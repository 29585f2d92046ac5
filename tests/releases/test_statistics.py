"""Statistics, held against plain Python and DuckDB."""

from __future__ import annotations

import copy
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imprint
from imprint.article import RecordSchema, rfc3339
from imprint.project import read_json, template
from imprint.releases.statistics import COUNTED, TOP, Statistics, merge, statistics_of

SCHEMA = RecordSchema.parse(read_json(template("schema/article.schema.json"), "article.schema.json"))

LAW = settings(deadline=None)

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)).map(rfc3339)
TEXTS = st.text(st.sampled_from("ab é世\U0001f600\t\n\r\x0b\x0c\u00a0\u2028"), max_size=30)
RECORDS = st.fixed_dictionaries(
    {
        "text": TEXTS,
        "published_at": st.none() | MOMENTS,
        "modified_at": st.none() | MOMENTS,
        "retrieved_at": st.none() | MOMENTS,
        "publisher": st.none() | st.sampled_from(["A", "B", "Ö"]),
        "language": st.none() | st.sampled_from(["de", "en"]),
        "source_domain": st.none() | st.sampled_from(["a.example", "b.example"]),
        "authors": st.lists(st.sampled_from(["Ada", "Bô"]), max_size=3),
        "keywords": st.none() | st.lists(st.sampled_from(["x", "yé"]), max_size=2),
    }
)
CORPORA = st.lists(RECORDS, max_size=12)

Rows = list[dict[str, Any]]


def of(rows: Rows) -> Statistics:
    return statistics_of(SCHEMA.arrow_table(rows))


def words(text: str) -> int:
    return len([word for word in re.split("[\t\n\x0b\x0c\r ]+", text) if word])


def utf8(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(utf8, value))
    return len(value.encode()) if isinstance(value, str) else 0


TIMES = ("published_at", "modified_at", "retrieved_at")


@LAW
@given(CORPORA)
def test_texts_are_counted_as_python_counts_them(rows: Rows) -> None:
    counted = of(rows)
    texts = [row["text"] for row in rows]
    assert counted.rows == len(rows)
    assert counted.characters == sum(map(len, texts))
    assert counted.text_bytes == sum(map(utf8, texts))
    assert counted.words == sum(map(words, texts))
    assert counted.row_bytes == sum(
        utf8(value) for row in rows for name, value in row.items() if name not in TIMES
    )
    assert counted.lengths == Counter(1 << (max(words(text), 1).bit_length() - 1) for text in texts)


@LAW
@given(CORPORA)
def test_dates_are_those_of_the_dated_records(rows: Rows) -> None:
    counted = of(rows)
    dates = sorted(row["published_at"] for row in rows if row["published_at"])
    newest = [row[name][:10] for row in rows for name in TIMES if row[name]]
    assert counted.first == (dates[0][:10] if dates else None)
    assert counted.last == (dates[-1][:10] if dates else None)
    assert counted.newest == max(newest, default=None)
    assert counted.months == Counter(date[:7] for date in dates)


def test_a_fraction_of_a_second_before_1970_stays_in_its_month() -> None:
    counted = of([{"text": "a", "published_at": "1965-03-31T23:59:59.500000Z"}])
    assert counted.first == "1965-03-31"
    assert counted.months == {"1965-03": 1}


@LAW
@given(CORPORA)
def test_values_and_nulls_are_counted(rows: Rows) -> None:
    counted = of(rows)
    for name in COUNTED:
        values = [row.get(name) for row in rows]
        assert counted.values[name] == Counter(value for value in values if value is not None)
    for name in SCHEMA.by_name:
        assert counted.nulls[name] == sum(row.get(name) is None for row in rows)


@LAW
@given(CORPORA, st.integers(0, 12))
def test_statistics_of_parts_add_up(rows: Rows, border: int) -> None:
    assert merge([of(rows[:border]), of(rows[border:])]) == of(rows)


@LAW
@given(CORPORA, st.integers(0, 12))
def test_what_the_manifest_says_does_not_depend_on_the_borders_of_shards(rows: Rows, border: int) -> None:
    parts = merge([of(rows[:border]), of(rows[border:])])
    assert parts.as_dict() == merge([of(rows)]).as_dict()


@LAW
@given(CORPORA, st.integers(0, 12), st.integers(0, 12))
def test_a_slice_of_a_table_is_counted_as_the_rows_in_it(rows: Rows, start: int, length: int) -> None:
    table = SCHEMA.arrow_table(rows)
    chunks = pa.concat_tables([table.slice(start, length), table.slice(0, 0)])
    assert statistics_of(chunks) == of(rows[start : start + length])


def test_statistics_of_nothing_are_zero() -> None:
    nothing = merge([])
    assert nothing == merge([of([])])
    assert nothing.as_dict()["rows"] == 0
    assert nothing.first is nothing.last is nothing.newest is None


def test_a_column_of_nulls_counts_no_values() -> None:
    counted = of([{"text": ""}, {"text": " \n "}])
    assert (counted.rows, counted.words, counted.characters) == (2, 0, 3)
    assert counted.nulls["published_at"] == 2
    assert counted.values["publisher"] == {}
    assert counted.months == {}


def test_statistics_add_up_where_a_schema_lacks_an_optional_column() -> None:
    document = copy.deepcopy(dict(SCHEMA.document))
    for name in ("section", "language", "license"):
        del document["properties"][name]
    document["required"] = [name for name in document.get("required", []) if name in document["properties"]]
    schema = RecordSchema.parse(document)
    a, b = ({"text": "one two", "publisher": name} for name in ("A", "B"))
    whole = statistics_of(schema.arrow_table([a, b]))
    assert merge(statistics_of(schema.arrow_table([row])) for row in (a, b)) == whole


def test_a_counted_column_lists_its_top_values_and_sums_up_the_rest() -> None:
    rows = [{"text": "", "publisher": f"P{number:02d}"} for number in range(TOP + 5)]
    rows += [{"text": "", "publisher": "P24"}, {"text": "", "publisher": None}]
    said = of(rows).as_dict()["values"]["publisher"]
    assert said["distinct"] == TOP + 5
    assert said["top"][0] == ["P24", 2]
    assert said["top"][1:] == [[f"P{number:02d}", 1] for number in range(TOP - 1)]
    assert said["rest"] == 5


def test_the_manifest_of_a_release_says_what_duckdb_counts(sample_project: Path) -> None:
    imprint.build(sample_project)
    release = sample_project / "data/build/release"
    manifest = read_json(release / "manifest.json", "manifest.json")
    for split, glob in [("all", "*"), *((name, f"{name}-*") for name in manifest["splits"])]:
        said = manifest["statistics"][split]
        shards = str(release / f"data/{glob}.parquet")
        counted = duckdb.execute(
            "SELECT count(*), sum(length(text)), sum(strlen(text)), "
            r"sum(len(regexp_extract_all(text, '[^\t\n\x0b\x0c\r ]+'))), "
            "strftime(min(published_at), '%Y-%m-%d'), strftime(max(published_at), '%Y-%m-%d') "
            "FROM read_parquet(?)",
            [shards],
        ).fetchone()
        names = ("rows", "characters", "text_bytes", "words", "first", "last")
        assert counted == tuple(said[name] for name in names)
        publishers = duckdb.execute(
            "SELECT publisher, count(*) FROM read_parquet(?) WHERE publisher IS NOT NULL "
            "GROUP BY 1 ORDER BY 2 DESC, 1",
            [shards],
        ).fetchall()
        assert [tuple(pair) for pair in said["values"]["publisher"]["top"]] == publishers[:TOP]


@pytest.mark.parametrize("name", ["first", "last", "newest"])
def test_dates_do_not_depend_on_the_order_of_parts(name: str) -> None:
    parts = [
        of([{"text": "a", "published_at": moment}])
        for moment in ("2024-01-02T00:00:00Z", None, "2019-12-31T23:59:59Z")
    ]
    assert getattr(merge(parts), name) == getattr(merge(reversed(parts)), name)


def test_times_are_read_as_utc() -> None:
    moment = datetime(2024, 2, 29, 23, 30, tzinfo=UTC)
    assert of([{"text": "a", "published_at": rfc3339(moment)}]).months == {"2024-02": 1}
