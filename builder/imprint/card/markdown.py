"""The card's managed blocks, each a function of the release's facts.

Law: every number comes from the facts, which came from the shards that were written; every value from an article is
escaped, so that no title can add a row, a link or a block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from imprint.article import RecordSchema
from imprint.card.blocks import fill_blocks
from imprint.card.front_matter import front_matter, split_front_matter
from imprint.releases.accounting import FATE_MEANINGS, FATES

Facts = Mapping[str, Any]


def render_card(source: str, facts: Facts, schema: RecordSchema) -> str:
    """The README.md of a release.

    Args:
        source: dataset_card.md.
        facts: the manifest's facts, with the shards in `files`.
        schema: the schema of the records.

    Raises:
        UsageError: the card's front matter or a block of it is broken.
    """
    own, body = split_front_matter(source)
    contents = {name: block(facts, schema) for name, block in BLOCKS.items()}
    return front_matter(own, facts, schema) + fill_blocks(
        body, contents, first_line=source[: len(source) - len(body)].count(chr(10)) + 1
    )


def split_rows(facts: Facts) -> dict[str, int]:
    """Records of each split, in the splits' order: canonical JSON sorts the manifest's keys."""
    return {split: facts["splits"][split] for split in facts["split_order"]}


def escape(value: object) -> str:
    """A value as Markdown text that cannot act: punctuation as entities, control characters and line ends folded."""
    text = " ".join(str(value).split())
    text = "".join(char if char.isprintable() else " " for char in text)
    return re.sub(r"[!-/:-@\[-`{-~]", lambda match: f"&#{ord(match[0])};", text)


def plain(text: str) -> str:
    """Words of the maintainer (a field's meaning, a title): only what would break a table or make markup is escaped."""
    return re.sub(r"[|<>&*_`\[\]\\]", lambda match: f"&#{ord(match[0])};", " ".join(text.split()))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; numbers stand right, all other cells are escaped."""
    body = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    right = [bool(body) and all(re.fullmatch(r"[\d,.%-]+", row[i]) for row in body) for i in range(len(head))]
    lines = [head, ["---:" if number else "---" for number in right], *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _title(facts: Facts, _schema: RecordSchema) -> str:
    dataset = facts["dataset"]
    description = f"\n\n{plain(dataset['description'])}" if dataset["description"] else ""
    date = f", {facts['date']}" if facts["date"] else ""
    rows = sum(facts["splits"].values())
    return (
        f"# {plain(dataset['title'] or facts['name'])}{description}\n\n"
        f"Version {facts['version']}{date}: {rows:,} articles in {len(facts['splits'])} "
        f"split{'s' if len(facts['splits']) != 1 else ''}, built and checked by imprint."
    )


def _load(facts: Facts, _schema: RecordSchema) -> str:
    name, version = facts["name"], facts["version"]
    return (
        "From the Hub, pinned to this version:\n\n"
        f'```python\nfrom datasets import load_dataset\n\nds = load_dataset("{name}", revision="v{version}")\n```\n\n'
        "From a copy on disk (`README.md` and `data/` in one folder):\n\n"
        f'```python\nds = load_dataset("path/to/{name}/{version}")\n```\n\n'
        "The shards are plain Parquet: Polars, DuckDB and pandas read `data/*.parquet` as they are."
    )


def _splits(facts: Facts, _schema: RecordSchema) -> str:
    statistics = facts["statistics"]
    sizes = {split: [f for f in facts["files"] if f.get("split") == split] for split in facts["splits"]}
    rows = [
        (f"`{split}`", rows, statistics[split]["words"], statistics[split]["characters"], len(sizes[split]),
         sum(f["size"] for f in sizes[split]), _span(statistics[split]))
        for split, rows in split_rows(facts).items()
    ]  # fmt: skip
    digests = "\n".join(
        f"- `{split}`: `sha256:{facts['content_sha256'][split]}`" for split in facts["split_order"]
    )
    return (
        table(["Split", "Articles", "Words", "Characters", "Shards", "Bytes", "Published"], rows)
        + "\n\nContent digests, which do not depend on Parquet (imprint's docs/format.md tells how to recompute them):\n\n"
        + digests
    )


def _span(statistics: Mapping[str, Any]) -> str:
    if statistics["first"] is None:
        return "undated"
    return f"{statistics['first']} to {statistics['last']}"


def _fields(facts: Facts, schema: RecordSchema) -> str:
    total = sum(facts["splits"].values())
    nulls = {
        field.name: sum(facts["statistics"][split]["nulls"].get(field.name, 0) for split in facts["splits"])
        for field in schema.fields
    }
    rows = [
        (
            f"`{field.name}`",
            _type(str(field.type)),
            f"{nulls[field.name] / max(total, 1):.1%}",
            plain(field.description),
        )
        for field in schema.fields
    ]
    return table(["Field", "Type", "Unknown", "Meaning"], rows)


def _type(name: str) -> str:
    return name.replace("<element: ", " of ").replace("<item: ", " of ").rstrip(">")


def _processing(facts: Facts, _schema: RecordSchema) -> str:
    accounting = facts["accounting"]
    shown = [fate for fate in FATES if accounting[fate] or fate in {"quarantined", "new"}]
    funnel = [("read", accounting["read"], "records in the input")]
    funnel += [(fate.replace("_", " "), accounting[fate], FATE_MEANINGS[fate]) for fate in shown]
    funnel += [
        ("carried over", accounting["carried"], "rows of the previous release"),
        ("published", accounting["published"], "carried over and new"),
    ]
    heads = ["Source", "Read", *(fate.replace("_", " ").capitalize() for fate in shown)]
    sources = [
        (escape(source), fates["read"], *(fates[fate] for fate in shown))
        for source, fates in _largest(facts["accounting_by_source"])
    ]
    return (
        "Every record that was read has exactly one fate:\n\n"
        + table(["Fate", "Records", "Meaning"], funnel)
        + "\n\nPer source, the first folder or file below the input:\n\n"
        + table(heads, sources)
    )


def _leakage(facts: Facts, _schema: RecordSchema) -> str:
    leaks = facts.get("leaks")
    if leaks is None:
        return "This release was not searched for near duplicates."
    dedup = facts["recipe"]["dedup"]
    dropped = (
        f" From {dedup['drop_at']:g} on a near duplicate is dropped for the record that is kept."
        if dedup["keep"] == "first"
        else " Near duplicates are kept."
    )
    return (
        "Exact duplicates are found by normalised text, near duplicates by the Jaccard similarity of their sets of runs "
        f"of five words.{dropped} Records that are alike by {leaks['group_at']:g} or more form a cluster "
        "(`dup_cluster`), which stands in one split. Pairs in different splits, by similarity:\n\n"
        f"{_pairs_across(leaks)}\n\n{_searches(leaks)}\n\n"
        f"Articles that share a run of {leaks['spans']['tokens']} words with train (quotations count, too):\n\n"
        f"{_contamination(facts)}"
    )


def _pairs_across(leaks: Mapping[str, Any]) -> str:
    starts = sorted(leaks["pairs"][0]["counts"] if leaks["pairs"] else (), reverse=True)
    if not starts:
        return "There is one split only."
    ends = ["1", *starts]
    rows = [
        (" and ".join(f"`{split}`" for split in pair["splits"]), *(pair["counts"][start] for start in starts))
        for pair in leaks["pairs"]
    ]
    return table(["Splits", *(f"{start} to {end}" for start, end in zip(starts, ends, strict=False))], rows)


def _searches(leaks: Mapping[str, Any]) -> str:
    first, second = leaks["searches"]
    met = [1 - (1 - search["at"] ** search["rows"]) ** search["bands"] for search in (first, second)]
    recall, rounds = leaks["recall"], leaks["rounds"]
    measured = (
        f"measured recall of the first search: {recall['joined'] / recall['pairs']:.2%} of the {recall['pairs']:,} pairs "
        "with an article of an evaluation split that the second one found"
        if recall["pairs"]
        else "the second search found no pair with an article of an evaluation split to measure the first one by"
    )
    return (
        f"Candidates come from MinHash signatures: {first['bands']} bands of {first['rows']} rows (seed {first['seed']}) "
        f"meet {met[0]:.1%} of the pairs just at {first['at']:g} and more of closer ones; each candidate is compared "
        f"exactly. A second search between splits, {second['bands']} bands of {second['rows']} rows (seed "
        f"{second['seed']}, {met[1]:.1%} at {second['at']:g}), was repeated until it found nothing: {rounds} "
        f"time{'s' if rounds != 1 else ''}; {measured}."
    )


def _contamination(facts: Facts) -> str:
    spans = facts["leaks"]["spans"]
    tokens = spans["tokens"]
    rows = [
        (f"`{split}`", counts["records"], counts["short"], counts["in_train"],
         f"{counts['in_train'] / max(counts['records'], 1):.1%}")
        for split in facts["split_order"]
        if (counts := spans["splits"].get(split)) is not None
    ]  # fmt: skip
    return table(["Split", "Articles", f"Shorter than {tokens} words", "Sharing", "Share"], rows)


def _largest(sources: Mapping[str, Mapping[str, int]]) -> list[tuple[str, Mapping[str, int]]]:
    """The sources with most records; a card is read by people."""
    ranked = sorted(sources.items(), key=lambda item: (-item[1]["read"], item[0]))
    if len(ranked) <= 30:
        return ranked
    rest = {key: sum(fates[key] for _, fates in ranked[29:]) for key in ranked[0][1]}
    return [*ranked[:29], (f"{len(ranked) - 29} further sources", rest)]


def _statistics(facts: Facts, _schema: RecordSchema) -> str:
    parts = []
    for name, title in (("publisher", "Publishers"), ("source_domain", "Domains"), ("language", "Languages")):
        counted = facts["statistics"]["all"]["values"][name]
        if counted["distinct"]:
            rows: list[tuple[object, ...]] = [(escape(value), count) for value, count in counted["top"][:10]]
            more = sum(count for _, count in counted["top"][10:]) + counted["rest"]
            if more:
                rows.append((f"{counted['distinct'] - 10} more", more))
            parts.append(table([title, "Articles"], rows))
    years: dict[str, int] = {}
    for month, count in sorted(facts["statistics"]["all"]["months"].items()):
        years[month[:4]] = years.get(month[:4], 0) + count
    undated = facts["statistics"]["all"]["nulls"].get("published_at", 0)
    dated = [(year, f"{count:,}") for year, count in years.items()] + (
        [("undated", f"{undated:,}")] if undated else []
    )
    if dated:
        parts.append(table(["Published", "Articles"], dated))
    return "\n\n".join(parts)


def _verify(facts: Facts, _schema: RecordSchema) -> str:
    return (
        f"```\nimprint verify path/to/registry/{facts['name']}@{facts['version']}\n```\n\n"
        "`verify` reads every byte again: digests, schema, accounting and this card. `sha256sum -c SHA256SUMS` checks the "
        "files without imprint."
    )


BLOCKS: dict[str, Callable[[Facts, RecordSchema], str]] = {
    "title": _title,
    "load": _load,
    "splits": _splits,
    "fields": _fields,
    "processing": _processing,
    "leakage": _leakage,
    "statistics": _statistics,
    "verify": _verify,
}
"""The managed blocks by name."""
