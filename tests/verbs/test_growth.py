"""How a dataset grows: a release is what the previous one holds, plus what is new in the input."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

import imprint
from imprint.errors import ConflictError, TransferError
from tests.conftest import MakeProject, article, released_rows, write_jsonl


def publish(root: Path, **options: object) -> imprint.BuildResult:
    """Build and publish."""
    result = imprint.build(root, **options)  # type: ignore[arg-type]
    imprint.publish(root)
    return result


@pytest.fixture
def grown(make_project: MakeProject) -> Path:
    """Forty articles in 1.0.0, then ten more in 1.1.0."""
    root = make_project(article(i) for i in range(40))
    publish(root)
    write_jsonl(root / "data/raw/more.jsonl", (article(i) for i in range(40, 50)))
    publish(root)
    return root


def test_ten_more_articles_are_a_minor_version_in_train(grown: Path) -> None:
    versions = imprint.list_versions(grown / "data/releases/acme/newswire").versions
    assert [version.version for version in versions] == ["1.1.0", "1.0.0"]
    before, after = released_rows(grown, "1.0.0"), released_rows(grown, "1.1.0")
    new = {identity: row for identity, row in after.items() if identity not in before}
    assert len(new) == 10
    assert {row["split"] for row in new.values()} == {"train"}
    assert {row["added_in"] for row in new.values()} == {2}


def test_every_earlier_record_stands_unchanged_in_its_split(grown: Path) -> None:
    before, after = released_rows(grown, "1.0.0"), released_rows(grown, "1.1.0")
    assert {identity: after[identity] for identity in before} == before


def test_an_earlier_version_is_a_filter_away(grown: Path) -> None:
    after = released_rows(grown, "1.1.0", "train")
    earlier = {identity for identity, row in after.items() if row["added_in"] <= 1}
    assert earlier == set(released_rows(grown, "1.0.0", "train"))


def test_evaluation_shards_are_the_same_files(grown: Path) -> None:
    folder = grown / "data/releases/acme/newswire"
    for split in ("validation", "test"):
        name = f"data/{split}-00000-of-00001.parquet"
        assert (folder / "1.0.0" / name).read_bytes() == (folder / "1.1.0" / name).read_bytes()


def test_new_articles_stand_behind_the_old_ones_whatever_their_dates(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(20))
    publish(root)
    write_jsonl(root / "data/raw/older.jsonl", (article(i, date="1999-01-01") for i in range(20, 25)))
    publish(root)
    rows = list(released_rows(root, "1.1.0", "train").values())
    assert [row["added_in"] for row in rows[-5:]] == [2] * 5
    assert all(row["added_in"] == 1 for row in rows[:-5])


def test_a_raw_file_that_was_renamed_or_deleted_changes_nothing(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(20))
    write_jsonl(root / "data/raw/second.jsonl", (article(i) for i in range(20, 30)))
    publish(root)
    (root / "data/raw/articles.jsonl").rename(root / "data/raw/renamed.jsonl")
    assert imprint.build(root).status == "unchanged"
    (root / "data/raw/second.jsonl").unlink()
    assert imprint.build(root).status == "unchanged"
    assert imprint.publish(root).status == "unchanged"


def test_the_whole_corpus_and_the_latest_crawl_give_the_same_release(make_project: MakeProject) -> None:
    residue = "\n\nRead it in the Gazette, every day"
    first = [article(i, text=article(i)["text"] + residue) for i in range(20)]
    latest = [article(i, text=article(i)["text"] + residue) for i in range(20, 22)]
    digests = []
    for name in ("whole", "crawl"):
        root = make_project(first, folder=name)
        publish(root)
        if name == "crawl":
            (root / "data/raw/articles.jsonl").unlink()
        write_jsonl(root / "data/raw/latest.jsonl", latest)
        publish(root)
        manifest = orjson.loads((root / "data/releases/acme/newswire/1.1.0/manifest.json").read_bytes())
        digests.append((manifest["content_sha256"], manifest["splits"]))
        assert not any("Gazette" in row["text"] for row in released_rows(root, "1.1.0").values())
    assert digests[0] == digests[1]


def test_a_new_version_of_a_published_article_is_held_by_default(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(20))
    publish(root)
    write_jsonl(root / "data/raw/new.jsonl", [article(3, text="Quite another text, corrected later.")])
    result = imprint.build(root)
    assert (result.status, result.accounting["superseded"]) == ("unchanged", 1)


def test_a_correction_that_is_applied_keeps_split_and_place_and_is_a_major_version(
    make_project: MakeProject,
) -> None:
    root = make_project((article(i) for i in range(20)), recipe={'"hold"': '"apply"'})
    publish(root)
    write_jsonl(root / "data/raw/new.jsonl", [article(3, text="Quite another text, corrected later.")])
    with pytest.raises(ConflictError, match="1 records change their content") as refused:
        imprint.build(root)
    assert refused.value.exit_code == 4
    assert "--bump major" in refused.value.hint
    assert publish(root, bump="major").version == "2.0.0"
    assert imprint.verify(root / "data/releases/acme/newswire", load=False).ok
    before, after = released_rows(root, "1.0.0"), released_rows(root, "2.0.0")
    changed = [identity for identity in before if before[identity] != after[identity]]
    assert len(changed) == 1
    old, new = before[changed[0]], after[changed[0]]
    assert new["text"] == "Quite another text, corrected later."
    for kept in ("split", "added_in", "dup_cluster", "id"):
        assert old[kept] == new[kept]


def test_a_correction_that_changes_nothing_is_no_correction(make_project: MakeProject) -> None:
    root = make_project((article(i) for i in range(20)), recipe={'"hold"': '"apply"'})
    publish(root)
    write_jsonl(root / "data/raw/new.jsonl", [article(3, unknown_key="other bytes, same article")])
    assert imprint.build(root).status == "unchanged"


def test_other_prose_on_the_card_is_a_patch(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(10))
    publish(root)
    card = (root / "dataset_card.md").read_text()
    (root / "dataset_card.md").write_text(card + "\n## Intended use\n\nLanguage modelling.\n")
    result = publish(root)
    assert result.version == "1.0.1"
    assert released_rows(root, "1.0.0") == released_rows(root, "1.0.1")


def test_an_optional_field_is_a_minor_version_and_leaves_the_content_digests(
    make_project: MakeProject,
) -> None:
    root = make_project(article(i) for i in range(10))
    publish(root)
    schema = orjson.loads((root / "schema/article.schema.json").read_bytes())
    schema["properties"]["reads"] = {"type": ["integer", "null"]}
    (root / "schema/article.schema.json").write_bytes(orjson.dumps(schema))
    assert publish(root).version == "1.1.0"
    folder = root / "data/releases/acme/newswire"
    digests = [
        orjson.loads((folder / version / "manifest.json").read_bytes())["content_sha256"]
        for version in ("1.0.0", "1.1.0")
    ]
    assert digests[0] == digests[1]
    assert imprint.verify(folder, load=False).ok


def test_a_field_that_is_taken_away_is_refused_without_a_major_version(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(10))
    publish(root)
    schema = orjson.loads((root / "schema/article.schema.json").read_bytes())
    del schema["properties"]["tdm_policy"]
    (root / "schema/article.schema.json").write_bytes(orjson.dumps(schema))
    with pytest.raises(ConflictError, match="schema"):
        imprint.build(root)
    assert publish(root, bump="major").version == "2.0.0"


def test_a_bump_below_the_least_legal_one_is_refused(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(10))
    publish(root)
    write_jsonl(root / "data/raw/more.jsonl", [article(10)])
    with pytest.raises(ConflictError, match="patch is too low"):
        imprint.build(root, bump="patch")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [('salt = "imprint"', 'salt = "other"', "splits.salt"), ("train = 0.9, val", "train = 0.8, more = 0.1, val", "splits.ratios"),
     ("drop_at = 0.8", "drop_at = 0.9", "dedup.drop_at"), ("group_at = 0.5", "group_at = 0.6", "dedup.group_at")],
)  # fmt: skip
def test_a_recipe_of_another_lineage_is_refused(
    make_project: MakeProject, old: str, new: str, key: str
) -> None:
    root = make_project(article(i) for i in range(10))
    publish(root)
    recipe = (root / "imprint.toml").read_text()
    (root / "imprint.toml").write_text(recipe.replace(old, new))
    with pytest.raises(ConflictError, match=key) as refused:
        imprint.build(root)
    assert "--new-lineage" in refused.value.hint
    result = publish(root, new_lineage=True)
    assert (result.version, result.previous) == ("2.0.0", "1.0.0")
    assert {row["added_in"] for row in released_rows(root, "2.0.0").values()} == {1}
    assert imprint.verify(root / "data/releases/acme/newswire", load=False).ok


def test_growing_every_split_asks_for_a_major_version(make_project: MakeProject) -> None:
    root = make_project((article(i) for i in range(30)), recipe={'grow = "train"': 'grow = "all"'})
    publish(root)
    write_jsonl(root / "data/raw/more.jsonl", (article(i) for i in range(30, 200)))
    with pytest.raises(ConflictError, match=r"records are added to (validation|test)"):
        imprint.build(root)


def test_targets_that_disagree_stop_the_build(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(10))
    publish(root)
    other = make_project((article(i) for i in range(50, 60)), folder="other")
    publish(other)
    shutil.copytree(other / "data/releases", root / "second")
    recipe = (root / "imprint.toml").read_text()
    (root / "imprint.toml").write_text(recipe.replace('["data/releases"]', '["data/releases", "second"]'))
    with pytest.raises(ConflictError, match="disagree") as refused:
        imprint.build(root)
    assert refused.value.exit_code == 4


def test_many_small_crawls_keep_every_record_in_its_place(make_project: MakeProject) -> None:
    root = make_project((article(i) for i in range(12)), recipe={"300MB": "4kB"})
    publish(root)
    seen = released_rows(root, "1.0.0")
    for crawl in range(1, 5):
        write_jsonl(
            root / f"data/raw/crawl-{crawl}.jsonl", (article(i) for i in range(12 * crawl, 12 * crawl + 12))
        )
        version = publish(root).version
        now = released_rows(root, version)
        assert {identity: now[identity] for identity in seen} == seen
        assert len(now) == len(seen) + 12
        seen = now
    assert imprint.verify(root / "data/releases/acme/newswire", load=False).ok


def test_a_text_is_never_dropped_for_one_that_is_not_kept(make_project: MakeProject) -> None:
    # B repeats the text of the older version of A; the newer version of A counts, so B must be published.
    old = article(1, retrieved_at="2024-01-01T00:00:00Z")
    new = article(1, text="The corrected text of article one.", retrieved_at="2024-02-01T00:00:00Z")
    copy = article(2, text=old["text"])
    root = make_project([old, new, copy, article(3)])
    result = publish(root)
    assert (result.accounting["new"], result.accounting["exact_duplicates"]) == (3, 1)
    texts = {row["text"] for row in released_rows(root, "1.0.0").values()}
    assert {old["text"], new["text"]} <= texts
    [lost] = [s for s in imprint.explain("articles.jsonl", root).stories if s.fate == "exact_duplicates"]
    assert lost.published is not None
    assert lost.published["url"] == copy["url"]


def test_a_held_correction_takes_no_other_article_with_it(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(10))
    publish(root)
    same = "A text that a correction and a new article share."
    write_jsonl(
        root / "data/raw/more.jsonl", [article(3, text=same, date="2023-01-01"), article(20, text=same)]
    )
    assert publish(root).version == "1.1.0"
    rows = released_rows(root, "1.1.0").values()
    assert [row["url"] for row in rows if row["text"] == same] == [article(20)["url"]]


def test_a_text_that_a_correction_gives_up_may_be_published_by_another(make_project: MakeProject) -> None:
    root = make_project((article(i) for i in range(10)), recipe={'"hold"': '"apply"'})
    publish(root)
    given_up = article(3)["text"]
    write_jsonl(root / "data/raw/more.jsonl", [article(3, text="Corrected."), article(20, text=given_up)])
    publish(root, bump="major")
    rows = released_rows(root, "2.0.0").values()
    assert [row["url"] for row in rows if row["text"] == given_up] == [article(20)["url"]]
    assert imprint.verify(root / "data/releases/acme/newswire", load=False).ok


def test_applied_corrections_settle_whatever_is_read_again(make_project: MakeProject) -> None:
    root = make_project((article(i) for i in range(10)), recipe={'"hold"': '"apply"'})
    publish(root)
    write_jsonl(
        root / "data/raw/new.jsonl", [article(3, text="Corrected."), article(4, text="Also corrected.")]
    )
    publish(root, bump="major")
    for _ in range(2):
        assert publish(root).status == "unchanged"
    write_jsonl(root / "data/raw/newer.jsonl", [article(3, text="Corrected once more.")])
    publish(root, bump="major")
    assert publish(root).status == "unchanged"
    texts = {row["text"] for row in released_rows(root, "3.0.0").values()}
    assert {"Corrected once more.", "Also corrected."} <= texts


def test_of_two_versions_in_one_input_one_counts_and_stays(make_project: MakeProject) -> None:
    articles = [*(article(i) for i in range(10)), article(3, text="Another version.")]
    root = make_project(articles, recipe={'"hold"': '"apply"'})
    publish(root)
    assert publish(root).status == "unchanged"


def test_an_older_version_never_takes_the_place_of_a_newer_one(make_project: MakeProject) -> None:
    root = make_project(
        (article(i, retrieved_at="2024-05-01T00:00:00Z") for i in range(10)), recipe={'"hold"': '"apply"'}
    )
    publish(root)
    older = article(3, text="From an earlier crawl.", retrieved_at="2024-04-01T00:00:00Z")
    write_jsonl(root / "data/raw/older.jsonl", [older])
    result = publish(root)
    assert (result.status, result.accounting["superseded"]) == ("unchanged", 1)


@pytest.mark.parametrize("kind", ["text", "other shard"])
def test_rows_are_never_taken_from_an_altered_release(make_project: MakeProject, kind: str) -> None:
    root = make_project(article(i) for i in range(20))
    publish(root)
    folder = root / "data/releases/acme/newswire/1.0.0/data"
    shard = folder / "train-00000-of-00001.parquet"
    if kind == "text":
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pq.read_table(shard)
        texts = ["forged", *table.column("text").to_pylist()[1:]]
        shard.unlink()
        pq.write_table(table.set_column(table.schema.get_field_index("text"), "text", pa.array(texts)), shard)
    else:
        shard.unlink()
        shutil.copyfile(folder / "test-00000-of-00001.parquet", shard)
    write_jsonl(root / "data/raw/more.jsonl", [article(30)])
    with pytest.raises(TransferError, match="not what its manifest says"):
        imprint.build(root)


def test_a_build_that_another_release_has_overtaken_is_refused(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(10))
    publish(root)
    other = make_project(folder="other")
    shutil.copytree(root / "data", other / "data", dirs_exist_ok=True)
    write_jsonl(root / "data/raw/more.jsonl", [article(20)])
    imprint.build(root)
    shared = str(root / "data/releases")
    write_jsonl(other / "data/raw/more.jsonl", [article(21)])
    for number in (22, 23):
        write_jsonl(other / f"data/raw/{number}.jsonl", [article(number)])
        imprint.build(other)
        imprint.publish(other)
    shutil.rmtree(root / "data/releases")
    shutil.copytree(other / "data/releases", shared)
    with pytest.raises(ConflictError, match=r"was published since 1\.1\.0 was built"):
        imprint.publish(root)


def test_old_versions_in_the_corpus_decide_nothing_about_the_latest_crawl(make_project: MakeProject) -> None:
    line = "\n\nThe Gazette, your paper"
    first = [article(i) for i in range(10)]
    older = [
        article(i, text=f"Older {article(i)['text']}{line}", modified_at="2001-01-01") for i in range(10)
    ]
    latest = [article(i, text=article(i)["text"] + line) for i in range(20, 22)]
    contents = []
    for name in ("whole", "crawl"):
        root = make_project([{**one, "modified_at": "2020-01-01"} for one in first] + older, folder=name)
        publish(root)
        if name == "crawl":
            (root / "data/raw/articles.jsonl").unlink()
        write_jsonl(root / "data/raw/latest.jsonl", latest)
        publish(root)
        manifest = orjson.loads((root / "data/releases/acme/newswire/1.1.0/manifest.json").read_bytes())
        contents.append(manifest["content_sha256"])
    assert contents[0] == contents[1]
