"""The card: values from articles act nowhere, and every number is the release's."""

from __future__ import annotations

from pathlib import Path

import duckdb
import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import imprint
from imprint.card.front_matter import hub_license, size_category, split_front_matter
from imprint.card.markdown import escape, plain, table
from imprint.errors import UsageError
from tests.conftest import MakeProject, article

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False}).enable("table")


def cells(text: str) -> list[str]:
    """The cells of the first row of a rendered table with one column."""
    tokens = MARKDOWN.parse(table(["Head"], [(text,)]))
    inline = [token for token in tokens if token.type == "inline"]
    assert sum(token.type == "tr_open" for token in tokens) == 2
    assert all(child.type in {"text", "text_special"} for token in inline for child in token.children or ())
    return ["".join(child.content for child in token.children or ()) for token in inline][1:]


@given(st.text(max_size=60))
def test_an_escaped_value_is_one_cell_of_plain_text(value: str) -> None:
    shown = " ".join("".join(char if char.isprintable() else " " for char in " ".join(value.split())).split())
    assert [" ".join(cell.split()) for cell in cells(escape(value))] == [shown]


def test_naughty_strings_are_plain_text_in_a_table(suites: Path) -> None:
    for value in orjson.loads((suites / "naughty-strings/blns.json").read_bytes()):
        [cell] = cells(escape(value))
        assert "<script" not in MARKDOWN.render(escape(value))
        assert cell.count("|") == " ".join(value.split()).count("|")


def test_words_of_the_maintainer_stay_readable() -> None:
    assert plain("SHA-256 of the text, in UTF-8: see docs.") == "SHA-256 of the text, in UTF-8: see docs."
    assert plain("a | b <c>") == "a &#124; b &#60;c&#62;"


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("", {"license": "unknown"}),
        ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        ("ODC-By-1.0", {"license": "odc-by"}),
        ("House-1.0", {"license": "other", "license_name": "house-1.0"}),
    ],
)
def test_licences_are_spelled_as_the_hub_knows_them(name: str, keys: dict[str, str]) -> None:
    assert hub_license(name) == keys


@pytest.mark.parametrize(("rows", "name"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**12, "n>1T")])
def test_sizes_have_the_hub_s_categories(rows: int, name: str) -> None:
    assert size_category(rows) == name


@pytest.mark.parametrize("card", ["---\na: [\n---\n", "---\n- a\n---\n", "---\na: 1\n"])
def test_a_broken_front_matter_is_an_error(card: str) -> None:
    with pytest.raises(UsageError):
        split_front_matter(card)


def test_the_numbers_of_the_card_are_those_of_the_shards(make_project: MakeProject) -> None:
    articles = [
        article(i, publisher=f"Paper | {i % 3} <b>", title=f"*Title* `{i}` | x\n<script>") for i in range(60)
    ]
    root = make_project([*articles, article(60, text=""), article(61, text=articles[0]["text"])])
    imprint.build(root)
    release = root / "data/build/release"
    head, _, body = (release / "README.md").read_text()[4:].partition("\n---\n")
    info = yaml.safe_load(head)["dataset_info"]
    for split in info["splits"]:
        shards = f"read_parquet('{release}/data/{split['name']}-*.parquet')"
        rows, words, characters = duckdb.sql(
            f"select count(*), sum(len(regexp_extract_all(text, '\\S+'))), sum(length(text)) from {shards}"
        ).fetchall()[0]
        assert split["num_examples"] == rows
        assert f"| `{split['name']}` | {rows:,} | {words:,} | {characters:,} |" in body
    assert "| quarantined | 1 |" in body
    assert "| exact duplicates | 1 |" in body
    assert "<script>" not in body
    assert "<b>" not in body
    assert MARKDOWN.render(body).count("Paper | 0 &lt;b&gt;") == 1
