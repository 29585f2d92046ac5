"""The leak certificate: what it says of a release is so, and what it misses is found."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest

import imprint
import imprint.verbs.build
from imprint.dedup.minhash import Search, searches_for
from imprint.dedup.shingles import similarity
from imprint.releases.manifest import Manifest
from imprint.releases.shards import read_shard
from tests.conftest import MakeProject, article, released_rows
from tests.verbs.forgery import Release, publish_two, set_column

RATIOS = {"train = 0.9, validation = 0.05, test = 0.05": "train = 0.5, validation = 0.25, test = 0.25"}


def story(number: int, *, copy: int = 0, changed: int = 0) -> dict[str, Any]:
    """A story of 60 words of its own; a copy has so many of its last words changed."""
    words = [f"w{number}x{place}" for place in range(60)]
    words[60 - changed :] = [f"c{copy}of{number}x{place}" for place in range(changed)]
    return {**article(1000 * number + copy), "text": " ".join(words) + "."}


def corpus() -> list[dict[str, Any]]:
    """Forty stories, each with two copies of similarity 0.56 to it and to each other."""
    return [story(n, copy=c, changed=16 if c else 0) for n in range(40) for c in range(3)]


def certificate(root: Path, version: str = "1.0.0") -> dict[str, Any]:
    folder = root / f"data/releases/acme/newswire/{version}"
    found: dict[str, Any] = orjson.loads((folder / "leaks.json").read_bytes())
    assert found == Manifest.parse((folder / "manifest.json").read_bytes()).document["leaks"]
    return found


def across(rows: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of 0.5 and more across splits, by comparing all."""
    return [
        (one["id"], other["id"])
        for one, other in itertools.combinations(rows.values(), 2)
        if one["split"] != other["split"] and similarity(one["text"], other["text"]) >= 0.5
    ]


def test_copies_stand_with_their_story_and_the_certificate_says_so(make_project: MakeProject) -> None:
    root = make_project(corpus(), recipe=RATIOS)
    imprint.release(root)
    rows = released_rows(root, "1.0.0")
    assert len(rows) == 120
    assert len({row["dup_cluster"] for row in rows.values()}) == 40
    assert across(rows) == []
    found = certificate(root)
    assert {count for pair in found["pairs"] for count in pair["counts"].values()} == {0}
    assert found["rounds"] == 1
    assert found["recall"]["pairs"] == found["recall"]["joined"] > 0
    evaluation = [row for row in rows.values() if row["split"] != "train"]
    assert found["recall"]["pairs"] == len(evaluation)
    card = (root / "data/releases/acme/newswire/1.0.0/README.md").read_text()
    assert "| `train` and `validation` | 0 | 0 | 0 | 0 | 0 |" in card
    assert f"100.00% of the {len(evaluation)} pairs" in card
    assert imprint.verify(root / "data/releases/acme/newswire", leaks=True).ok


def test_what_the_first_search_misses_the_second_one_finds(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first search that meets one pair in three at 0.56: the law must not depend on its luck."""
    weak = (Search(1, 2, 3, 0.5), searches_for(0.5)[1])
    monkeypatch.setattr(imprint.verbs.build, "searches_for", lambda _: weak)
    root = make_project(corpus(), recipe=RATIOS)
    imprint.release(root)
    assert across(released_rows(root, "1.0.0")) == []
    found = certificate(root)
    assert found["rounds"] > 1
    assert found["recall"]["joined"] < found["recall"]["pairs"]


def test_spans_of_evaluation_records_in_train_are_counted(make_project: MakeProject) -> None:
    quoted = " ".join(f"quoted{n}" for n in range(13))
    unlike = [
        {**article(n), "text": f"{' '.join(f'own{n}x{m}' for m in range(40))} {quoted}"} for n in range(30)
    ]
    short = [{**article(n), "text": f"Only{n} four words{n} here."} for n in range(30, 60)]
    root = make_project([*unlike, *short], recipe=RATIOS)
    imprint.release(root)
    rows = released_rows(root, "1.0.0").values()
    for split, counts in certificate(root)["spans"]["splits"].items():
        mine = [row["text"] for row in rows if row["split"] == split]
        assert counts == {
            "records": len(mine),
            "short": sum(text.startswith("Only") for text in mine),
            "in_train": sum(quoted in text for text in mine),
        }
    assert imprint.verify(root / "data/releases/acme/newswire", leaks=True).ok


def test_without_train_or_with_one_split_there_is_a_certificate_too(make_project: MakeProject) -> None:
    root = make_project([article(1)])
    imprint.release(root)
    found = certificate(root)
    assert (found["pairs"], found["spans"]["splits"]) == ([], {})
    assert imprint.verify(root / "data/releases/acme/newswire", leaks=True).ok


def test_a_release_without_new_records_keeps_its_certificate(make_project: MakeProject) -> None:
    root = make_project(corpus(), recipe=RATIOS)
    imprint.release(root)
    card = root / "dataset_card.md"
    card.write_text(card.read_text() + "\nA new paragraph.\n")
    assert imprint.release(root).version == "1.0.1"
    assert certificate(root, "1.0.1") == certificate(root)


def test_a_higher_group_at_shows_what_is_left_below_it(make_project: MakeProject) -> None:
    root = make_project(corpus(), recipe={**RATIOS, "group_at = 0.5": "group_at = 0.75"})
    imprint.release(root)
    rows = released_rows(root, "1.0.0")
    left = len(across(rows))
    assert left > 0
    counted = [pair["counts"] for pair in certificate(root)["pairs"]]
    assert sum(counts["0.5"] for counts in counted) == left
    assert imprint.verify(root / "data/releases/acme/newswire", leaks=True).ok


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_two(tmp_path_factory.mktemp("leaks") / "project")


@pytest.fixture
def release(dataset: Path, tmp_path: Path) -> Release:
    return Release.copy(dataset, tmp_path / "registry")


def test_a_text_that_was_forged_into_two_splits_is_found_with_both_ids(release: Release) -> None:
    taken = read_shard(release.path("test")).slice(0, 1)
    text = f"{taken.column('text')[0].as_py()} And a few more words."
    digest = hashlib.sha256(text.encode()).hexdigest()

    def edit(table: pa.Table) -> pa.Table:
        table = set_column(table, "text", [text, *table.column("text").to_pylist()[1:]])
        return set_column(table, "text_sha256", [digest, *table.column("text_sha256").to_pylist()[1:]])

    release.forge("train", edit)
    assert imprint.verify(release.folder, load=False).ok
    found = imprint.verify(release.folder, load=False, leaks=True).findings
    assert [finding.code for finding in found] == ["leak", "leaks_differ", "leaks_differ"]
    ids = [taken.column("id")[0].as_py(), read_shard(release.path("train")).column("id")[0].as_py()]
    assert all(identity in found[0].message for identity in ids)


def test_a_certificate_that_says_something_else_is_found(release: Release) -> None:
    release.edit("leaks.json", '"in_train": 0', '"in_train": 3')
    assert {finding.code for finding in release.findings()} == {"leaks_differ"}
    leaks = orjson.loads((release.folder / "leaks.json").read_bytes())
    release.seal(leaks=leaks)
    assert release.findings() == ()
    found = imprint.verify(release.folder, load=False, leaks=True).findings
    assert {finding.code for finding in found} == {"leaks_differ"}


def test_a_release_without_certificate_is_told(release: Release) -> None:
    (release.folder / "leaks.json").unlink()
    assert {finding.code for finding in release.findings()} == {"missing_file", "leaks_differ"}
