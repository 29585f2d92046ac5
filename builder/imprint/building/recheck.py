"""Recheck: the leak certificate of a release, computed again from its shards and held against what it says.

Law: nothing is taken from the certificate but the parameters of its searches.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from imprint.building.candidates import load_candidates
from imprint.building.certificate import pairs_across
from imprint.building.comparing import Confirmed
from imprint.building.parts import WorkFolder
from imprint.building.previous import Previous
from imprint.building.searching import Searching
from imprint.building.signing import sign_all
from imprint.building.texts import Texts, id_of
from imprint.dedup.minhash import Search
from imprint.engine.local import LocalEngine
from imprint.errors import Place, TransferError
from imprint.findings import Finding
from imprint.recipe import TRAIN
from imprint.releases.layout import LEAKS
from imprint.releases.ledger import codes
from imprint.releases.manifest import Manifest

NAMED = 10
"""Pairs that are named."""


def recheck(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    """Search a release for pairs and spans across splits.

    Raises:
        TransferError: a shard cannot be read.
    """
    said = manifest.document.get("leaks")
    if said is None:
        yield Finding("leaks_differ", "the release has no leak certificate", Place(LEAKS))
        return
    names = list(manifest.splits)
    previous = Previous.open(folder, manifest)
    first, second = (Search(**search) for search in said["searches"])
    engine = LocalEngine(None if sum(manifest.splits.values()) > 5000 else 1)
    try:
        with tempfile.TemporaryDirectory(prefix="imprint-leaks-") as temporary:
            work = WorkFolder(Path(temporary))
            signed = sign_all(work, 0, previous, first, engine)
            texts = Texts(work, load_candidates(work, 0), previous)
            split = codes(previous.ledger.columns("split").column(0), names)
            searching = Searching(texts, signed, second, engine)
            found = searching.second(split, names.index(TRAIN) if TRAIN in names else len(names))
            across = found.only(split[found.one] != split[found.other])
            spans = searching.spans(split, names)
    except OSError as error:
        raise TransferError(f"the release cannot be searched: {error}", place=Place(str(folder))) from error
    finally:
        engine.close()
    yield from _leaks(across.only(across.similarity >= said["group_at"]), texts, names, split.tolist())
    if pairs_across(across, split, names, names) != said["pairs"]:
        yield Finding("leaks_differ", "the pairs across splits are not those that it says", Place(LEAKS))
    if spans != said["spans"]:
        yield Finding("leaks_differ", "the spans shared with train are not those that it says", Place(LEAKS))


def _leaks(pairs: Confirmed, texts: Texts, names: list[str], split: list[int]) -> Iterator[Finding]:
    rows = list(zip(pairs.one.tolist(), pairs.other.tolist(), pairs.similarity.tolist(), strict=True))
    for one, other, similarity in rows[:NAMED]:
        first, second = (id_of(record, texts.found, texts.previous) for record in (one, other))
        message = f"{first} in {names[split[one]]} and {second} in {names[split[other]]} are alike ({similarity:.2f})"
        yield Finding("leak", message, hint="take the one in train out in a major version")
    if len(rows) > NAMED:
        yield Finding("leak", f"{len(rows) - NAMED:,} further pairs are alike across splits")
