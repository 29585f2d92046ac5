"""The main job: articles in, a checked and loadable release out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import orjson
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

import imprint
from imprint.errors import RejectedError, UsageError
from tests.conftest import MakeProject, article, released_rows


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, imprint.ReleaseResult]:
    """The project's samples, released once."""
    import shutil

    from tests.conftest import CHECKOUT

    root = tmp_path_factory.mktemp("samples") / "project"
    imprint.init(root)
    shutil.copytree(CHECKOUT / "data/raw", root / "data/raw", dirs_exist_ok=True)
    return root, imprint.release(root)


def test_the_samples_become_a_published_and_verified_first_version(
    samples: tuple[Path, imprint.ReleaseResult],
) -> None:
    root, result = samples
    assert (result.status, result.version, result.previous) == ("published", "1.0.0", None)
    assert result.verified
    assert imprint.verify(root / "data/releases/acme/newswire").ok


def test_every_sample_has_one_fate(samples: tuple[Path, imprint.ReleaseResult]) -> None:
    _, result = samples
    # 40 text files and 24 lines; two lines are broken or empty, two repeat the text of another article, two nearly so.
    assert result.accounting["read"] == 64
    assert result.accounting["quarantined"] == 2
    assert result.accounting["exact_duplicates"] == 2
    assert result.accounting["near_duplicates"] == 2
    assert result.accounting["new"] == result.accounting["published"] == sum(result.splits.values()) == 58


def test_the_sample_texts_hold_no_title_and_no_residue(samples: tuple[Path, imprint.ReleaseResult]) -> None:
    root, _ = samples
    for row in released_rows(root, "1.0.0").values():
        assert row["title"] not in row["text"].splitlines()
        for residue in ("Error! Error occured!", "Share this article", "Top Stories", "Top Local stories"):
            assert residue not in row["text"]


def test_the_quarantine_names_file_row_field_and_reason(samples: tuple[Path, imprint.ReleaseResult]) -> None:
    root, _ = samples
    entries = [
        orjson.loads(line) for line in (root / "data/build/quarantine.jsonl").read_bytes().splitlines()
    ]
    assert [(entry["file"], entry["row"], entry["code"], entry["field"]) for entry in entries] == [
        ("northline-wire.jsonl", 10, "invalid_json", None),
        ("northline-wire.jsonl", 17, "empty_text", "text"),
    ]


def test_the_release_loads_with_datasets_normally_and_streaming(
    samples: tuple[Path, imprint.ReleaseResult], tmp_path: Path
) -> None:
    import datasets

    _, result = samples
    location = str(result.targets[0].location)
    loaded = datasets.load_dataset(location, cache_dir=str(tmp_path))
    assert {split: rows.num_rows for split, rows in loaded.items()} == dict(result.splits)
    streamed = datasets.load_dataset(location, streaming=True)
    assert {split: sum(1 for _ in rows) for split, rows in streamed.items()} == dict(result.splits)
    shard = pq.read_schema(Path(location) / "data/train-00000-of-00001.parquet")
    expected = datasets.Features.from_arrow_schema(shard)
    assert all(rows.features == expected for rows in loaded.values())
    assert str(loaded["train"].info.version) == "1.0.0"


def test_polars_duckdb_and_pandas_read_the_same_records(samples: tuple[Path, imprint.ReleaseResult]) -> None:
    _, result = samples
    folder = Path(str(result.targets[0].location)) / "data"
    wanted = Counter(pq.read_table(folder).column("id").to_pylist())
    assert Counter(pl.read_parquet(folder / "*.parquet")["id"].to_list()) == wanted
    assert Counter(pd.concat(map(pd.read_parquet, folder.glob("*.parquet")))["id"]) == wanted
    rows = duckdb.sql(f"select id, published_at from read_parquet('{folder}/*.parquet')").fetchall()
    assert Counter(row[0] for row in rows) == wanted


def test_the_card_quotes_the_content_digests_that_twenty_lines_recompute(
    samples: tuple[Path, imprint.ReleaseResult],
) -> None:
    import hashlib
    import json
    from datetime import datetime

    _, result = samples
    folder = Path(str(result.targets[0].location))
    card = (folder / "README.md").read_text()
    for split in result.splits:
        whole = hashlib.sha256()
        for shard in sorted(folder.glob(f"data/{split}-*.parquet")):
            for row in pq.read_table(shard).to_pylist():
                known = {
                    key: value.isoformat() + "Z" if isinstance(value, datetime) else value
                    for key, value in row.items()
                    if value is not None
                }
                line = json.dumps(known, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                whole.update(hashlib.sha256(line.encode()).hexdigest().encode() + b"\n")
        assert whole.hexdigest() in card


def test_a_second_run_says_that_nothing_changed(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(30))
    first = imprint.build(root)
    imprint.publish(root)
    again = imprint.release(root)
    assert (again.status, again.version) == ("unchanged", "1.0.0")
    assert again.accounting["known"] == 30
    assert imprint.publish(root).status == "unchanged"
    assert [v.version for v in imprint.list_versions(root / "data/releases/acme/newswire").versions] == [
        first.version
    ]


def test_a_dry_run_publishes_nothing(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(10))
    result = imprint.release(root, dry_run=True)
    assert (result.status, result.version) == ("planned", "1.0.0")
    assert not (root / "data/releases").exists()


def test_too_many_rejected_records_stop_the_build_and_the_reasons_are_said(make_project: MakeProject) -> None:
    root = make_project([*(article(i) for i in range(8)), article(8, text=""), article(9, text="   ")])
    with pytest.raises(RejectedError, match=r"2 of 10 records \(20.0%\).*2 empty_text") as refused:
        imprint.build(root)
    assert refused.value.exit_code == 1
    assert len((root / "data/build/quarantine.jsonl").read_bytes().splitlines()) == 2
    assert not (root / "data/build/release").exists()


def test_a_bad_record_within_the_limit_stops_nothing(make_project: MakeProject) -> None:
    root = make_project([*(article(i) for i in range(30)), article(30, text="")])
    result = imprint.build(root)
    assert (result.accounting["quarantined"], result.accounting["new"]) == (1, 30)


def test_publishing_before_building_says_what_to_do(make_project: MakeProject) -> None:
    with pytest.raises(UsageError, match="nothing is built") as refused:
        imprint.publish(make_project())
    assert "imprint build" in refused.value.hint


def test_fewer_clusters_than_splits_leave_a_split_out_with_a_finding(make_project: MakeProject) -> None:
    result = imprint.build(make_project([article(1), article(2)]))
    assert result.splits == {"train": 1, "validation": 1}
    assert [finding.code for finding in result.findings] == ["split_left_out"]


def test_no_split_is_empty_in_a_small_first_release(make_project: MakeProject) -> None:
    for count in (3, 4, 7):
        result = imprint.build(make_project((article(i) for i in range(count)), folder=f"p{count}"))
        assert set(result.splits) == {"train", "validation", "test"}
        assert min(result.splits.values()) > 0


def test_ratios_are_met_within_sampling_error(make_project: MakeProject) -> None:
    result = imprint.build(make_project(article(i) for i in range(4000)))
    # Four standard deviations of a binomial share of 5%.
    for split in ("validation", "test"):
        assert abs(result.splits[split] / 4000 - 0.05) < 4 * (0.05 * 0.95 / 4000) ** 0.5


def test_a_project_may_add_fields_to_the_schema_and_they_are_carried_through(
    make_project: MakeProject,
) -> None:
    extra = {"reads": 17, "score": 0.5, "paid": True, "place": {"town": "Millbrook", "at": [1, 2]}}
    root = make_project(article(i, **extra) for i in range(5))
    schema = orjson.loads((root / "schema/article.schema.json").read_bytes())
    schema["properties"] |= {
        "reads": {"type": ["integer", "null"]},
        "score": {"type": "number"},
        "paid": {"type": "boolean"},
        "place": {"type": "object"},
    }
    (root / "schema/article.schema.json").write_bytes(orjson.dumps(schema))
    imprint.build(root)
    imprint.publish(root)
    assert imprint.verify(root / "data/releases/acme/newswire", load=False).ok
    row = next(iter(released_rows(root, "1.0.0").values()))
    assert (row["reads"], row["score"], row["paid"]) == (17, 0.5, True)
    assert orjson.loads(row["place"]) == extra["place"]


def test_two_targets_both_receive_the_release_and_one_that_was_added_later_catches_up(
    make_project: MakeProject, tmp_path: Path
) -> None:
    root = make_project(article(i) for i in range(10))
    imprint.build(root)
    imprint.publish(root)
    recipe = (root / "imprint.toml").read_text()
    (root / "imprint.toml").write_text(recipe.replace('["data/releases"]', '["data/releases", "mirror"]'))
    imprint.build(root)
    result = imprint.publish(root)
    assert [target.status for target in result.targets] == ["unchanged", "published"]
    assert imprint.verify(root / "mirror/acme/newswire@1.0.0", load=False).ok


def test_one_failing_target_does_no_harm_to_the_others(make_project: MakeProject) -> None:
    root = make_project(
        (article(i) for i in range(10)), recipe={'["data/releases"]': '["data/releases", "blocked"]'}
    )
    imprint.build(root)
    (root / "blocked").write_text("a file where a folder should be")
    result = imprint.publish(root)
    assert [target.status for target in result.targets] == ["published", "failed"]
    failure = result.failure()
    assert failure is not None
    assert failure.exit_code == 3
    assert imprint.verify(root / "data/releases/acme/newswire@1.0.0", load=False).ok


def test_what_was_published_but_never_read_back_is_verified_by_the_next_run(
    make_project: MakeProject,
) -> None:
    root = make_project(article(i) for i in range(10))
    imprint.build(root)
    imprint.publish(root)
    shard = root / "data/releases/acme/newswire/1.0.0/data/train-00000-of-00001.parquet"
    data = bytearray(shard.read_bytes())
    data[200] ^= 1
    shard.unlink()
    shard.write_bytes(data)
    result = imprint.release(root)
    assert (result.status, result.verified) == ("failed", False)
    assert {finding.code for finding in result.findings} >= {"changed_file"}


def test_a_card_without_a_block_can_be_published_and_verified(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(10))
    (root / "dataset_card.md").write_text("# Ours\n\nWritten by hand.\n")
    imprint.build(root)
    imprint.publish(root)
    assert imprint.verify(root / "data/releases/acme/newswire").ok


def test_a_card_saved_on_windows_keeps_its_front_matter(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(10))
    card = (root / "dataset_card.md").read_text().replace("tags:\n- news", "license: mit\ntags:\n- ours")
    (root / "dataset_card.md").write_bytes(b"\xef\xbb\xbf" + card.replace("\n", "\r\n").encode())
    imprint.build(root)
    released = (root / "data/build/release/README.md").read_text()
    assert "- ours" in released
    assert "license: mit" in released


def test_articles_that_lie_flat_are_one_source_whose_lines_are_found(make_project: MakeProject) -> None:
    root = make_project()
    for number in range(12):
        text = f"Headline {number}\n\n{article(number)['text']}\n\nThe quay desk reports daily"
        (root / f"data/raw/{number:04d}.txt").write_text(text)
    imprint.build(root)
    imprint.publish(root)
    manifest = orjson.loads((root / "data/releases/acme/newswire/1.0.0/manifest.json").read_bytes())
    assert set(manifest["accounting_by_source"]) == {"*.txt"}
    assert not any("quay desk" in row["text"] for row in released_rows(root, "1.0.0").values())


def test_a_script_without_a_main_guard_may_use_many_workers(make_project: MakeProject) -> None:
    import subprocess
    import sys

    root = make_project(article(i, text=f"{i} " + "word " * 2000) for i in range(3000))
    script = root / "script.py"
    script.write_text(
        f"import imprint\nprint('once')\nprint(imprint.build({str(root)!r}, workers=2).status)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["once", "built"], done.stderr


def test_a_registry_inside_the_build_folder_is_refused(make_project: MakeProject) -> None:
    root = make_project([article(1)], recipe={'"data/releases"': '"data/build/releases"'})
    with pytest.raises(UsageError, match="taken away by the next build"):
        imprint.build(root)


def test_releases_below_the_input_are_not_read_as_articles(make_project: MakeProject) -> None:
    root = make_project((article(i) for i in range(10)), recipe={'["data/raw"]': '["data"]'})
    first = imprint.build(root)
    imprint.publish(root)
    assert (first.accounting["read"], first.findings) == (10, ())
    assert imprint.build(root).accounting["read"] == 10
