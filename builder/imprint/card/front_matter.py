"""The card's front matter: the YAML that the Hub and datasets read.

Laws: `configs` is always written, else sidecar files could be loaded as data; features and counts are those of the
files that were written; keys that imprint does not compute stay as the maintainer wrote them, before the computed ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from imprint.article import RecordSchema
from imprint.errors import Place, UsageError

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
          (10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"), (10**11, "10B<n<100B"),
          (10**12, "100B<n<1T"))  # fmt: skip

HUB_LICENSES = frozenset(
    ["apache-2.0", "mit", "cc", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0",
     "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0",
     "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cdla-sharing-1.0",
     "cdla-permissive-1.0", "cdla-permissive-2.0", "odc-by", "odbl", "pddl", "gfdl", "unlicense", "other", "unknown",
     "etalab-2.0", "gpl-3.0", "lgpl-3.0", "agpl-3.0", "bsd-2-clause", "bsd-3-clause", "wtfpl", "isc"]
)  # fmt: skip
"""Licence ids of the Hub that text datasets use."""

_SPDX = {"odc-by-1.0": "odc-by", "odbl-1.0": "odbl", "pddl-1.0": "pddl"}
"""SPDX identifiers that the Hub spells otherwise."""


def split_front_matter(card: str, *, file: str = "dataset_card.md") -> tuple[dict[str, Any], str]:
    """Front matter and body of a card; a card without front matter has an empty one.

    Raises:
        UsageError: the YAML is broken, or is no mapping.
    """
    if not card.startswith("---\n"):
        return {}, card
    head, mark, body = card[4:].partition("\n---\n")
    if not mark:
        raise UsageError(
            "the front matter is not closed", place=Place(file, 1), hint="end it with a line of ---"
        )
    try:
        values = yaml.safe_load(head)
    except yaml.YAMLError as error:
        at = getattr(error, "problem_mark", None)
        row = at.line + 2 if at is not None else None
        raise UsageError(
            f"the front matter is not YAML: {getattr(error, 'problem', error)}", place=Place(file, row)
        ) from error
    if values is not None and not isinstance(values, dict):
        raise UsageError("the front matter is not a mapping", place=Place(file, 1))
    return values or {}, body


def front_matter(own: Mapping[str, Any], facts: Mapping[str, Any], schema: RecordSchema) -> str:
    """The front matter of a release.

    Args:
        own: the maintainer's keys.
        facts: the manifest's facts.
        schema: the schema of the records.
    """
    computed = _computed(facts, schema)
    if not facts["dataset"]["license"] and "license" in own:
        # The recipe says nothing: the card's own licence stands.
        computed.pop("license")
    values = {key: value for key, value in own.items() if key not in computed} | computed
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=False, width=100)
    return f"---\n{text}---\n"


def hub_license(name: str) -> dict[str, str]:
    """The Hub's keys for a licence: its id where it has one, else `other` with the name."""
    spelled = _SPDX.get(name.lower(), name.lower())
    if not name:
        return {"license": "unknown"}
    return {"license": spelled} if spelled in HUB_LICENSES else {"license": "other", "license_name": spelled}


def size_category(rows: int) -> str:
    """The Hub's size category of a number of records."""
    return next((name for limit, name in _SIZES if rows < limit), "n>1T")


def _computed(facts: Mapping[str, Any], schema: RecordSchema) -> dict[str, Any]:
    dataset = facts["dataset"]
    files = facts["files"]
    splits = {split: facts["splits"][split] for split in facts["split_order"]}
    bytes_of = {split: sum(f["size"] for f in files if f.get("split") == split) for split in splits}
    languages = dataset["languages"] or _languages(facts)
    text_bytes = {split: facts["statistics"][split]["row_bytes"] for split in splits}
    return {
        **({"pretty_name": dataset["title"]} if dataset["title"] else {}),
        **({"language": languages} if languages else {}),
        **hub_license(dataset["license"]),
        "size_categories": [size_category(sum(splits.values()))],
        "configs": [
            {
                "config_name": "default",
                "version": facts["version"],
                "data_files": [{"split": split, "path": f"data/{split}-*"} for split in splits],
                "default": True,
            }
        ],
        "dataset_info": {
            "features": schema.features(),
            "splits": [
                {"name": split, "num_bytes": text_bytes[split], "num_examples": rows}
                for split, rows in splits.items()
            ],
            "download_size": sum(bytes_of.values()),
            "dataset_size": sum(text_bytes.values()),
        },
    }


def _languages(facts: Mapping[str, Any]) -> list[str]:
    counted = {
        value
        for split in facts["splits"]
        for value, _ in facts["statistics"][split]["values"]["language"]["top"]
    }
    return sorted({value.split("-")[0] for value in counted})
