"""The lineage: a ledger whose release is missing, altered or of another dataset is refused, saying which."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

import imprint
from imprint.errors import ConflictError, TransferError
from imprint.releases.manifest import Manifest
from tests.conftest import MakeProject, article, write_jsonl
from tests.verbs.forgery import replace


@pytest.fixture
def grown(make_project: MakeProject) -> Path:
    """A project with a release and one more article."""
    root = make_project(article(n) for n in range(20))
    imprint.release(root)
    write_jsonl(root / "data/raw/more.jsonl", [article(30)])
    return root


def dataset(root: Path) -> Path:
    return root / "data/releases/acme/newswire"


def test_a_release_that_is_missing_is_refused(grown: Path) -> None:
    shutil.rmtree(dataset(grown) / "1.0.0")
    shutil.rmtree(dataset(grown) / "objects")
    with pytest.raises(TransferError, match=r"version 1\.0\.0 is missing"):
        imprint.build(grown)


def test_a_ledger_that_is_altered_is_refused(grown: Path) -> None:
    path = dataset(grown) / "1.0.0/ledger.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    replace(path, bytes(data))
    with pytest.raises(
        TransferError, match=r"ledger\.parquet of the previous release is not what its manifest"
    ):
        imprint.build(grown)


def test_a_release_of_another_dataset_is_refused(grown: Path) -> None:
    text = (grown / "imprint.toml").read_text()
    (grown / "imprint.toml").write_text(text.replace("acme/newswire", "acme/other"))
    with pytest.raises(ConflictError, match=r"is of acme/newswire, the recipe builds acme/other"):
        imprint.build(grown, previous=f"{dataset(grown)}@1.0.0")


def test_a_release_that_was_not_searched_for_near_duplicates_is_refused(grown: Path) -> None:
    folder = dataset(grown) / "1.0.0"
    document = orjson.loads((folder / "manifest.json").read_bytes())
    del document["lineage"]["dedup"]["shingles"]
    manifest = Manifest(document)
    replace(folder / "manifest.json", manifest.serialise())
    ref = dataset(grown) / "refs/1.0.0.json"
    replace(ref, orjson.dumps({**orjson.loads(ref.read_bytes()), "manifest_sha256": manifest.digest}))
    with pytest.raises(ConflictError, match="did not look for near duplicates"):
        imprint.build(grown)
    assert imprint.build(grown, new_lineage=True).version == "2.0.0"


def test_another_strategy_is_another_lineage(grown: Path) -> None:
    text = (grown / "imprint.toml").read_text()
    timed = 'strategy = "time"\ntime = { test_from = 2024-06-01 }'
    (grown / "imprint.toml").write_text(text.replace('strategy = "hash"', timed))
    with pytest.raises(ConflictError, match=r"splits\.strategy"):
        imprint.build(grown)
    assert imprint.build(grown, new_lineage=True).version == "2.0.0"


def test_other_cut_off_dates_are_another_lineage(make_project: MakeProject) -> None:
    timed = 'strategy = "time"\ntime = {{ test_from = {} }}'
    root = make_project(
        (article(n) for n in range(20)), recipe={'strategy = "hash"': timed.format("2024-06-01")}
    )
    imprint.release(root)
    text = (root / "imprint.toml").read_text()
    (root / "imprint.toml").write_text(text.replace("2024-06-01", "2024-07-01"))
    with pytest.raises(ConflictError, match=r"splits\.time"):
        imprint.build(root)


def test_a_correction_that_would_leak_is_withheld_and_the_published_text_stays(
    make_project: MakeProject,
) -> None:
    def story(number: int, text: str = "", day: int = 1) -> dict[str, object]:
        words = " ".join(f"w{number}x{place}" for place in range(60))
        return article(number, text=text or words, retrieved_at=f"2024-05-{day:02d}T00:00:00Z")

    root = make_project((story(n) for n in range(40)), recipe={'"hold"': '"apply"'})
    imprint.release(root)
    told = {n: imprint.explain(f"articles.jsonl:{n + 1}", root).stories[0].published for n in range(40)}
    train = next(n for n, one in told.items() if one and one["split"] == "train")
    test = next(n for n, one in told.items() if one and one["split"] == "test")
    same = " ".join(f"w{test}x{place}" for place in range(60)) + " and no more"
    harmless = next(n for n, one in told.items() if one and one["split"] == "train" and n != train)
    write_jsonl(
        root / "data/raw/corrected.jsonl", [story(train, same, 2), story(harmless, "Quite another text.", 2)]
    )
    result = imprint.release(root, bump="major")
    assert (result.version, result.accounting["withheld"]) == ("2.0.0", 1)
    [story_of] = imprint.explain("corrected.jsonl:1", root).stories
    assert story_of.fate == "withheld"
    assert imprint.verify(dataset(root), leaks=True).ok
