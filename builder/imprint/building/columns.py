"""Columns: a batch of drafts to the columns of records, in the schema's order; the rules are those of `cleaning`.

Law: one pass for each rule over a column; a value that a rule cannot read stays as it was given, for validation to
reject; what changed a record, and what a value was read from, is named in its `processing`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from imprint.article import RecordSchema
from imprint.building.doubts import Doubts
from imprint.cleaning.conform import conform, precisions
from imprint.cleaning.datelines import DATE_LINE, take_date_line
from imprint.cleaning.file_names import FILE_DATE, date_in_name
from imprint.cleaning.languages import MODEL, detect, model_version
from imprint.cleaning.mojibake import broken
from imprint.cleaning.orders import Order, ordered
from imprint.cleaning.publishers import site_of
from imprint.cleaning.texts import clean_texts
from imprint.cleaning.urls import domain_of
from imprint.digests import id_of_source, id_of_url, sha256_hex, text_key
from imprint.recipe import Clean
from imprint.sources.base import InputFile
from imprint.sources.whole import stem_of

MARKUP = re.compile(r"</(?:p|div|span|a|em|strong|b|i|li|ul|h[1-6]|script|figure)>", re.IGNORECASE)
"""The end of an element that articles on the web are made of."""

PREVIEW = "chars]"
"""How a service ends a text that it cut: `… [+2313 chars]`."""

Rows = dict[str, list[Any]]
"""Columns of the JSON form."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a batch is cleaned by."""

    clean: Clean
    repeated: Mapping[str, frozenset[int]]
    """Residue source to hashes of its repeated lines."""
    orders: Mapping[str, Order]
    """Residue source to its order of day and month."""
    identity: Mapping[str, str]
    """Residue source to what identifies its articles, where it is not the URL."""
    detect_language: bool
    ordinal: int
    """`added_in` of new records."""


class Columns:
    """The columns of one batch."""

    def __init__(
        self, drafts: pa.RecordBatch, files: Sequence[InputFile], schema: RecordSchema, rules: Rules
    ) -> None:
        self.schema = schema
        self.rules = rules
        self.files = files
        self.sources: list[str] = drafts.column("residue_source").to_pylist()
        self.raw: list[bytes] = drafts.column("raw").to_pylist()
        self.rows: list[int] = drafts.column("row").to_pylist()
        self.given = orjson.loads(b"[" + b",".join(drafts.column("values").to_pylist()) + b"]")
        self.steps: list[list[str]] = [values.get("processing", []) for values in self.given]
        self.raw_texts = drafts.column("text")
        self.bodies: list[str | None] = self.raw_texts.to_pylist()
        self.removed: list[tuple[str, str]] = []
        """(residue source, step and line) for each line that was taken off a text."""
        self.doubts = Doubts()

    def compute(self) -> tuple[Rows, dict[str, list[Any]]]:
        """The JSON form of the batch, and the columns beside it that resolve needs."""
        columns = self._given_values()
        texts = self._texts(columns["title"])
        self._dates(texts, columns)
        self._origin(columns)
        # A text of another type is rejected for what it is, not for the digests that it has none of.
        known = [text if isinstance(text, str) else "" for text in texts]
        self._languages(known, columns)
        text_keys = [text_key(text) for text in known]
        ids = self._ids(columns, text_keys)
        columns |= {
            "id": ids,
            "text": texts,
            "input_file": [file.name for file in self.files],
            "input_row": self.rows,
            "raw_sha256": [digest.hex() for digest in self.raw],
            "text_sha256": [sha256_hex(text.encode()) for text in known],
            "processing": self.steps,
            # A cluster of its own until resolve knows better.
            "dup_cluster": ids,
            "added_in": [self.rules.ordinal] * len(ids),
        }
        keys: Rows = {
            "text_key": text_keys,
            "source": [file.source for file in self.files],
            "residue": self.sources,
        }
        return {spec.name: columns[spec.name] for spec in self.schema.fields}, keys

    def _given_values(self) -> Rows:
        """The values that the source gave, conformed to the schema."""
        columns: Rows = {}
        for spec in self.schema.fields:
            if spec.name == "text":
                continue
            values = [given.get(spec.name) for given in self.given]
            if spec.is_time:
                values, told = ordered(values, self.sources, self.rules.orders)
                self._told({index: step for index, step in enumerate(told) if step})
            if spec.name == "published_at":
                columns["date_precision"] = precisions(values)
            if spec.name != "date_precision":
                columns[spec.name] = conform(spec, values)
        return columns

    def _told(self, steps: Mapping[int, str]) -> None:
        for index, step in steps.items():
            if step not in self.steps[index]:
                self.steps[index].append(step)

    def _texts(self, titles: Sequence[Any]) -> list[Any]:
        """The cleaned texts; a text that is none comes as it was given."""
        known_titles = [title if isinstance(title, str) else None for title in titles]
        bodies = [text or "" for text in self.bodies]
        for index in broken(bodies):
            self._doubt("mojibake", index, "")
        for index, body in enumerate(bodies):
            # One character is found at the speed of memory; hardly any text has it.
            if "<" in body and MARKUP.search(body):
                self._doubt("markup_in_text", index, "")
        for index in _positions(pc.ends_with(self.raw_texts, PREVIEW)):
            self._doubt("truncated_text", index, bodies[index][-20:])
        cleaned, steps = clean_texts(
            bodies, known_titles, self.sources, self.rules.repeated, self.rules.clean
        )
        texts: list[Any] = list(cleaned)
        for index, done in enumerate(steps):
            self.steps[index] = self.steps[index] + done
            self.removed += [(self.sources[index], step) for step in done if ": " in step]
        for index, text in enumerate(self.bodies):
            if text is None:
                texts[index] = self.given[index].get("text")
        return texts

    def _dates(self, texts: list[Any], columns: Rows) -> None:
        """Take dates off first lines; an undated article gets that one, or the date in its file's name."""
        published, precision = columns["published_at"], columns["date_precision"]
        for index, text in enumerate(texts):
            if self.rules.clean.date_line and isinstance(text, str):
                taken = take_date_line(text, published[index])
                if taken is not None:
                    self.steps[index].append(f"{DATE_LINE}: {text.partition(chr(10))[0]}")
                    texts[index], date = taken
                    if published[index] is None:
                        published[index], precision[index] = date.text, date.precision
            if published[index] is None and self.files[index].is_one_article:
                found = date_in_name(stem_of(self.files[index].name))
                if found is not None:
                    published[index], precision[index] = found[0].text, found[0].precision
                    self.steps[index].append(f"{FILE_DATE}: {found[1]}")

    def _origin(self, columns: Rows) -> None:
        """Whose an article is: the domain from its address, the publisher from the domain, where they are not given."""
        domains, publishers = columns["source_domain"], columns["publisher"]
        for index, url in enumerate(columns["url"]):
            if domains[index] is None and isinstance(url, str) and (host := domain_of(url)):
                domains[index] = site_of(host)
            if publishers[index] is None and isinstance(domains[index], str):
                publishers[index] = domains[index]

    def _languages(self, texts: Sequence[str], columns: Rows) -> None:
        if not self.rules.detect_language:
            return
        languages = columns["language"]
        for index, text in enumerate(texts):
            if languages[index] is None and (found := detect(text)) is not None:
                languages[index], probability = found
                step = f"language@1: {languages[index]} ({probability:.2f}, {MODEL} {model_version()})"
                self.steps[index].append(step)

    def _ids(self, columns: Rows, text_keys: Sequence[bytes]) -> list[str]:
        ids = []
        for index, (url, key) in enumerate(zip(columns["url"], text_keys, strict=True)):
            rule = self.rules.identity.get(self.sources[index], "url") if self.rules.identity else "url"
            given = columns["source_id"][index]
            if rule == "source_id" and isinstance(given, str):
                ids.append(id_of_source(self.sources[index], given))
            elif rule == "url" and isinstance(url, str):
                ids.append(id_of_url(url))
            else:
                ids.append(key.hex())
        return ids

    def _doubt(self, code: str, index: int, value: str) -> None:
        self.doubts.add(code, self.sources[index], self.files[index].name, self.rows[index], value)


def _positions(marks: pa.BooleanArray) -> list[int]:
    positions: list[int] = pc.indices_nonzero(marks).to_pylist()
    return positions
