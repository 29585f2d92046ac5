"""Check: hold a release's card against its manifest.

Laws: the front matter's counts, the version and the content digests are checked on every card; all managed blocks are
compared to the letter where the same imprint wrote them, whose wording is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from imprint.article import RecordSchema
from imprint.card.blocks import split_blocks
from imprint.card.markdown import BLOCKS
from imprint.errors import Place
from imprint.findings import Finding
from imprint.releases.layout import CARD
from imprint.releases.manifest import Manifest, tool_versions


def check_card(root: Path, manifest: Manifest, schema: RecordSchema) -> Iterator[Finding]:
    """Findings of one code, `card_differs`.

    Raises:
        UsageError: a block of the card is broken.
    """
    try:
        text = (root / CARD).read_text(encoding="utf-8")
        head, _, body = text[4:].partition("\n---\n")
        values = yaml.safe_load(head)
        version = values["configs"][0]["version"]
        counts = {split["name"]: split["num_examples"] for split in values["dataset_info"]["splits"]}
        features = values["dataset_info"]["features"]
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, yaml.YAMLError) as error:
        yield Finding("card_differs", f"the card's front matter cannot be read: {error!r}", Place(CARD))
        return
    if counts != manifest.splits:
        yield Finding("card_differs", f"the card says {counts}, the manifest {manifest.splits}", Place(CARD))
    if version != str(manifest.version):
        yield Finding("card_differs", f"the card is of version {version}", Place(CARD))
    if features != schema.features():
        yield Finding("card_differs", "the card's features are not those of schema.json", Place(CARD))
    for split, digest in manifest.content_sha256.items():
        if "imprint:begin splits" in text and digest not in text:
            yield Finding(
                "card_differs", f"the card does not quote the content digest of {split}", Place(CARD)
            )
    if manifest.document["tools"].get("imprint") == tool_versions()["imprint"]:
        yield from _check_blocks(body, manifest, schema)


def _check_blocks(body: str, manifest: Manifest, schema: RecordSchema) -> Iterator[Finding]:
    for piece in split_blocks(body, file=CARD):
        if piece.block is None:
            continue
        block = BLOCKS.get(piece.block)
        if block is None or piece.text.strip() != block(manifest.document, schema).strip():
            message = f"the block {piece.block} is not what the manifest gives"
            yield Finding("card_differs", message, Place(CARD, field=piece.block))
