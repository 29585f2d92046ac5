"""From sources to records: fields without names, orders of dates, publishers, languages, and what is doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

import imprint
from imprint.cleaning import languages
from imprint.errors import RejectedError, UsageError
from tests.conftest import MakeProject, article, released_rows

Articles = Sequence[dict[str, Any]]


def release(root: Path) -> tuple[dict[str, dict[str, Any]], imprint.ReleaseResult]:
    """Rows by source_id, and the result."""
    result = imprint.release(root)
    return {row["source_id"]: row for row in released_rows(root, str(result.version)).values()}, result


def told(root: Path) -> dict[str, list[Any]]:
    """Findings of a build by code."""
    found: dict[str, list[Any]] = {}
    for finding in imprint.build(root).findings:
        found.setdefault(finding.code, []).append(finding)
    return found


def unnamed(number: int) -> dict[str, Any]:
    one = article(number)
    return {
        "id": number,
        "beitrag": one["text"] * 4,
        "ueberschrift": one["title"],
        "tag": one["date"],
        "adr": one["url"],
    }


def decisions(root: Path, version: str = "1.0.0") -> dict[str, Any]:
    folder = root / "data/releases/acme/newswire" / version
    value: dict[str, Any] = orjson.loads((folder / "decisions.json").read_bytes())
    return value


def test_fields_without_telling_names_are_taken_told_and_remembered(make_project: MakeProject) -> None:
    root = make_project([unnamed(number) for number in range(10)])
    assert {finding.message.split()[0] for finding in told(root)["inferred_field"]} == {
        "beitrag",
        "ueberschrift",
        "tag",
        "adr",
    }
    rows, _ = release(root)
    assert rows["3"]["title"] == "Headline number 3"
    assert rows["3"]["url"] == "https://news.example/2023/3"
    evidence = decisions(root)["evidence"]["*.jsonl"]
    assert evidence["text"] == {"beitrag": {"by": "values", "score": 1.0}}
    assert evidence["source_id"] == {"id": {"by": "name", "score": None}}
    # A later crawl with a single article shows nothing by its values; what was decided holds.
    (root / "data/raw/articles.jsonl").write_bytes(orjson.dumps(unnamed(77)))
    rows, result = release(root)
    assert (rows["77"]["title"], result.accounting["new"]) == ("Headline number 77", 1)


def test_a_crawl_alone_and_the_whole_corpus_lead_to_the_same_release(make_project: MakeProject) -> None:
    first, more = [unnamed(n) for n in range(10)], [unnamed(n) for n in range(20, 30)]
    manifests = []
    for folder in ("crawl", "whole"):
        root = make_project(first, folder=folder)
        imprint.release(root)
        if folder == "crawl":
            (root / "data/raw/articles.jsonl").unlink()
        (root / "data/raw/more.jsonl").write_bytes(b"\n".join(map(orjson.dumps, more)))
        imprint.release(root)
        manifest = orjson.loads((root / "data/releases/acme/newswire/1.1.0/manifest.json").read_bytes())
        manifests.append((manifest["content_sha256"], decisions(root, "1.1.0")))
    assert manifests[0] == manifests[1]


def test_two_keys_that_could_be_the_text_stop_the_build(make_project: MakeProject) -> None:
    root = make_project([{**unnamed(n), "kommentar": unnamed(n + 50)["beitrag"]} for n in range(10)])
    with pytest.raises(UsageError, match=r"text could be beitrag .* or kommentar") as refused:
        imprint.build(root)
    assert '[input.fields] text = "beitrag"' in refused.value.hint
    recipe = (
        (root / "imprint.toml").read_text().replace("[input.fields]", '[input.fields]\ntext = "kommentar"')
    )
    (root / "imprint.toml").write_text(recipe)
    rows, _ = release(root)
    assert "council53" in rows["3"]["text"]


def dated(number: int, date: str, publisher: str) -> dict[str, Any]:
    return {**article(number), "id": str(number), "date": date, "publisher": publisher}


def test_day_and_month_are_told_apart_by_the_source_s_own_dates(make_project: MakeProject) -> None:
    articles = [
        dated(1, "04/03/2024", "Day Post"), dated(2, "27/02/2024", "Day Post"),
        dated(3, "04/03/2024", "Month Post"), dated(4, "02/27/2024 5:20 PM", "Month Post"),
    ]  # fmt: skip
    root = make_project(articles)
    rows, _ = release(root)
    assert [rows[n]["published_at"].isoformat() for n in "1234"] == [
        "2024-03-04T00:00:00", "2024-02-27T00:00:00", "2024-04-03T00:00:00", "2024-02-27T17:20:00",
    ]  # fmt: skip
    assert "date_order@1: day-first" in rows["1"]["processing"]
    assert not any("date_order" in step for step in rows["2"]["processing"])
    assert decisions(root)["date_orders"] == {"Day Post": "day-first", "Month Post": "month-first"}
    # Alone, the next crawl's date would be open: the release remembers.
    (root / "data/raw/articles.jsonl").write_bytes(orjson.dumps(dated(5, "05/06/2024", "Day Post")))
    rows, _ = release(root)
    assert rows["5"]["published_at"].isoformat() == "2024-06-05T00:00:00"


def test_a_date_that_could_be_either_is_refused_with_the_line_that_decides(make_project: MakeProject) -> None:
    root = make_project([dated(1, "04/03/2024", "Open Post")])
    with pytest.raises(RejectedError, match="ambiguous_date"):
        imprint.build(root)
    [entry] = map(orjson.loads, (root / "data/build/quarantine.jsonl").read_bytes().splitlines())
    assert entry["value"] == "'04/03/2024'"
    assert '[input.date_order] "Open Post" = "day-first"' in entry["hint"]
    with (root / "imprint.toml").open("a") as recipe:
        recipe.write('\n[input.date_order]\n"Open Post" = "day-first"\n')
    rows, _ = release(root)
    assert rows["1"]["published_at"].isoformat() == "2024-03-04T00:00:00"
    assert decisions(root)["date_orders"] == {}


def test_publisher_is_the_name_else_the_domain_else_the_agency(make_project: MakeProject) -> None:
    plain = {
        "id": "agency",
        "text": "TEHRAN (Tasnim) - The minister spoke.\n\nNobody answered him for a long time.",
    }
    articles = [
        {**article(1), "id": "named", "publisher": {"@type": "Organization", "name": "The Quay Post"}},
        {**article(2), "id": "domain", "url": "https://news.bbc.co.uk/2/hi"},
        plain,
        {"id": "nobody", "text": "Somewhere something happened, and nobody has written down who said so."},
    ]
    rows, _ = release(make_project(articles))
    assert {key: (row["publisher"], row["source_domain"]) for key, row in rows.items()} == {
        "named": ("The Quay Post", "news.example"), "domain": ("bbc.co.uk", "bbc.co.uk"),
        "agency": ("Tasnim", None), "nobody": (None, None),
    }  # fmt: skip
    assert rows["agency"]["processing"] == ["publisher@1: TEHRAN (Tasnim) -"]
    assert rows["agency"]["text"].startswith("TEHRAN (Tasnim)")


def test_languages_are_detected_where_the_recipe_asks_for_it(make_project: MakeProject) -> None:
    pytest.importorskip("py3langid")
    on = {"detect_language = false": "detect_language = true"}
    articles = [{**article(1), "id": "given", "lang": "German"}, {**article(2), "id": "found"}]
    root = make_project(articles, recipe=on)
    rows, _ = release(root)
    assert (rows["given"]["language"], rows["found"]["language"]) == ("de", "en")
    [step] = rows["found"]["processing"]
    assert step.startswith("language@1: en (")
    assert f"py3langid {languages.model_version()}" in step
    manifest = orjson.loads((root / "data/releases/acme/newswire/1.0.0/manifest.json").read_bytes())
    assert manifest["tools"]["py3langid"] == languages.model_version()


def test_without_the_extra_a_detection_is_refused(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(languages, "MODEL", "no-such-package")
    root = make_project([article(1)], recipe={"detect_language = false": "detect_language = true"})
    with pytest.raises(UsageError, match="extra lang") as refused:
        imprint.build(root)
    assert "imprint[lang]" in refused.value.hint


def test_doubtful_dates_are_told_and_stay(make_project: MakeProject) -> None:
    articles = [
        {**article(1), "date": "0001-01-01"},
        {**article(2), "date": "2024-05-05", "retrieved_at": "2024-05-03T00:00:00Z"},
        {**article(3), "date": "2024-05-03T20:00:00", "retrieved_at": "2024-05-03T12:00:00Z"},
        {**article(4), "date": "2024-12-30"},
    ]
    root = make_project(articles)
    found = told(root)
    assert [(f.place.row, f.place.value) for f in found["date_before_1500"]] == [(1, "0001-01-01T00:00:00Z")]
    [late] = found["date_after_retrieval"]
    assert late.message.startswith("news.example: 2 articles")
    assert (late.place.row, late.place.value) == (2, "2024-05-05T00:00:00Z")
    assert imprint.build(root).accounting["published"] == 4


def test_without_any_retrieval_no_date_is_too_late(make_project: MakeProject) -> None:
    assert "date_after_retrieval" not in told(make_project([{**article(1), "date": "2999-01-01"}]))


def test_wrong_decodings_are_counted_for_each_source(make_project: MakeProject) -> None:
    broken = "The council\u00e2\u20ac\u2122s harbour, and the caf\u00c3\u00a9 beside it."
    articles = [article(1), *({**article(n), "text": f"{broken} {n}"} for n in (2, 3))]
    [finding] = told(make_project(articles))["mojibake"]
    assert (finding.message.split(" with")[0], finding.place.row) == ("news.example: 2 articles", 2)


def test_articles_that_share_a_url_but_no_text_are_told_with_the_line_that_keeps_them(
    make_project: MakeProject,
) -> None:
    live = [
        {
            **article(n),
            "id": f"entry-{n}",
            "url": "https://news.example/live",
            "retrieved_at": f"2024-05-0{n}",
        }
        for n in range(1, 5)
    ]
    versions = [
        {"id": f"version-{n}", "url": "https://news.example/one", "text": f"{article(9)['text']} Update {n}."}
        for n in range(3)
    ]
    root = make_project([*live, *versions])
    [finding] = told(root)["shared_url"]
    assert finding.message.startswith("news.example: 3 articles left out")
    assert finding.place.value == "https://news.example/live"
    assert '[input.identity] "news.example" = "source_id"' in finding.hint
    with (root / "imprint.toml").open("a") as recipe:
        recipe.write('\n[input.identity]\n"news.example" = "source_id"\n')
    rows, result = release(root)
    assert {f"entry-{n}" for n in range(1, 5)} <= set(rows)
    # The three versions of one article are near duplicates: the first of them is kept.
    assert (result.accounting["published"], result.accounting["near_duplicates"]) == (5, 2)
    assert "shared_url" not in told(root)


def test_a_published_article_can_share_a_url_too(make_project: MakeProject) -> None:
    root = make_project([{**article(1), "url": "https://news.example/live"}])
    imprint.release(root)
    (root / "data/raw/articles.jsonl").write_bytes(
        orjson.dumps({**article(2), "url": "https://news.example/live"})
    )
    [finding] = told(root)["shared_url"]
    assert '"news.example" = "text"' in finding.hint


def test_the_date_in_a_file_s_name_dates_an_article_that_nothing_else_does(make_project: MakeProject) -> None:
    root = make_project()
    (root / "data/raw/2024-02-07-storm.md").write_text(
        "# The storm\n\nIt came at night and stayed for a week."
    )
    (root / "data/raw/2024-02-08-calm.md").write_text(
        "---\ndate: 2023-01-01\n---\n# The calm\n\nIt came later."
    )
    rows, _ = release(root)
    assert rows["2024-02-07-storm"]["published_at"].isoformat() == "2024-02-07T00:00:00"
    assert "file_date@1: 2024-02-07" in rows["2024-02-07-storm"]["processing"]
    assert rows["2024-02-08-calm"]["published_at"].isoformat() == "2023-01-01T00:00:00"


PROSE = "The council met on Monday and spoke about the harbour for a long time, as it does. " * 4


def prose(number: int) -> str:
    """A text that is like that of no other number."""
    return f"{number}. " + " ".join(f"{word}{number}" for word in PROSE.split())


def one(number: int, **more: Any) -> dict[str, Any]:
    return {"title": f"Headline number {number}", "text": prose(number), "date": "2024-02-07",
            "url": f"https://news.example/{number}", **more}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b"\n".join(orjson.dumps({"id": n, "article": one(n)}) for n in range(4))),
        ("a.jsonl", b"\n".join(orjson.dumps({"_index": "x", "_source": one(n)}) for n in range(4))),
        ("a.jsonl", orjson.dumps([one(n) for n in range(4)], option=orjson.OPT_INDENT_2)),
        ("a.jl", b"\n".join(orjson.dumps(one(n)) for n in range(4))),
        ("a.jl", b"\n".join(orjson.dumps({k: [v] for k, v in one(n).items()}) for n in range(4))),
        ("a.json", orjson.dumps({"response": {"status": "ok", "results": [one(n) for n in range(4)]}})),
        ("a.json", orjson.dumps({f"id-{n}": one(n) for n in range(4)})),
        ("a.json", orjson.dumps([one(n, title={"rendered": f"Headline number {n}"}, date={"$date": "2024-02-07"}) for n in range(4)])),
        ("a.csv", "sep=;\r\n\ufefftitle;text;date;url\r\n".replace("\ufeff", "").encode()
         + "".join(f"{one(n)['title']};\"{one(n)['text']}\";2024-02-07;//news.example/{n}\r\n" for n in range(4)).encode()),
        ("a.tsv", b"title\ttext\tdate\turl\n"
         + "".join(f"{one(n)['title']}\t{one(n)['text']}\t2024-02-07\thttps://news.example/{n}\n" for n in range(4)).encode()),
    ],
    ids=["article", "_source", "array in lines", "jl", "lists of one", "response", "by id", "wrapped", "excel", "tsv"],
)  # fmt: skip
def test_the_shapes_of_services_and_exports_are_understood(
    make_project: MakeProject, name: str, content: bytes
) -> None:
    root = make_project()
    (root / "data/raw" / name).write_bytes(content)
    imprint.release(root)
    rows = {row["url"]: row for row in released_rows(root, "1.0.0").values()}
    assert sorted(rows) == [f"https://news.example/{n}" for n in range(4)]
    row = rows["https://news.example/3"]
    assert (row["title"], row["text"]) == ("Headline number 3", prose(3))
    assert row["published_at"].isoformat() == "2024-02-07T00:00:00"


def test_tabs_without_quotes_are_read_as_they_are(make_project: MakeProject) -> None:
    texts = [
        '"We will never see an end to this. It goes on.',
        "It is so.",
        'He said "yes',
        "Nobody knows it yet.",
    ]
    lines = [f"{n}\tTitle number {n}\t{text}\t2024-02-0{n + 1}" for n, text in enumerate(texts)]
    root = make_project()
    (root / "data/raw/a.tsv").write_text("id\ttitle\ttext\tdate\n" + "\n".join(lines) + "\n")
    rows, _ = release(root)
    assert [rows[str(n)]["text"] for n in range(4)] == texts


def test_a_name_that_is_not_believed_is_told_with_a_value(make_project: MakeProject) -> None:
    [finding] = told(make_project([{**article(n), "date": f"day {n} of the fair"} for n in range(6)]))[
        "name_not_believed"
    ]
    assert "date is not taken as published_at" in finding.message
    assert "day 0 of the fair" in finding.message


def test_markup_and_previews_are_told(make_project: MakeProject) -> None:
    articles = [
        {**article(1), "text": f"<p>{PROSE}</p>"},
        {**article(2), "text": f"{PROSE}\u2026 [+2313 chars]"},
    ]
    found = told(make_project(articles))
    assert {"markup_in_text", "truncated_text"} <= set(found)


def test_a_source_that_the_recipe_names_in_vain_is_told(make_project: MakeProject) -> None:
    root = make_project([article(1)])
    with (root / "imprint.toml").open("a") as recipe:
        recipe.write('\n[input.date_order]\n"www.news.example" = "day-first"\n')
    [finding] = told(root)["source_unused"]
    assert finding.hint == "did you mean news.example?"


def test_a_table_of_any_name_that_names_files_holds_their_metadata(make_project: MakeProject) -> None:
    root = make_project()
    for n in range(3):
        (root / f"data/raw/{n}.txt").write_text(prose(n))
    (root / "data/raw/articles.csv").write_text(
        "filename,title\n" + "".join(f"{n}.txt,Title {n}\n" for n in range(3))
    )
    rows, result = release(root)
    assert {key: row["title"] for key, row in rows.items()} == {str(n): f"Title {n}" for n in range(3)}
    assert result.accounting["read"] == 3


def test_a_preview_beside_the_whole_article_is_told(make_project: MakeProject) -> None:
    articles = [{**article(n), "text": f"{n}. {PROSE[:80]}", "full": f"{n}. {PROSE * 3}"} for n in range(5)]
    [finding] = told(make_project(articles))["longer_text_ignored"]
    assert finding.hint == 'if text is only a preview: [input.fields] text = "full"'
