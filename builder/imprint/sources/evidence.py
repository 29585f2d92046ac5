"""Evidence: what the values of a key look like, and which field they therefore are.

Laws: a name settles a field unless its values are something else; without a name, a field is taken from values only where
exactly one key looks like it, and two that look alike are an ambiguity, not a guess. Scores are shares of the values
that fit, between 0 and 1.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from imprint.errors import shorten
from imprint.findings import Finding
from imprint.sources.bodies import body_text
from imprint.sources.looks import BY_VALUES, DISTINCT, LOOKS, SOFTLY, is_missing, mostly_sentences
from imprint.sources.names import SOFT_KEYS, WRITTEN_BY_IMPRINT, form
from imprint.sources.recognise import Decided, keys_of, named, plain, reach, with_metadata

FITS = 0.9
"""Share of a key's values that must look like a field for it to be taken without a name."""

MISFITS = 0.1
"""Share below which a name is not believed."""

FEW = 3
"""Values below which a name is believed whatever they are."""

FILLED = 0.5
"""Share of the records that must have a key for it to be taken without a name."""

SHOWN = 4
"""Keys of an ambiguity that are named."""

DOMINANCE = 2.0
"""How many times longer a text must be than the next candidate, which is then its summary."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Why a key serves a field."""

    by: str
    """`recipe`, `name` or `values`."""
    score: float | None
    """Share of the sampled values that look like the field; None where none was sampled."""


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A field that several keys of a group could be."""

    field: str
    keys: tuple[str, ...]
    samples: tuple[str, ...]
    """A value of each key."""

    def finding(self) -> Finding:
        """What cannot be decided, and the line of the recipe that would."""
        seen = " or ".join(
            f"{key} ({sample})" for key, sample in zip(self.keys[:SHOWN], self.samples, strict=False)
        )
        seen += f" or {len(self.keys) - SHOWN} more" if len(self.keys) > SHOWN else ""
        none = "" if self.field == "text" else f', or {self.field} = "" for none of them'
        hint = f'say it in the recipe: [input.fields] {self.field} = "{self.keys[0]}"{none}'
        return Finding("ambiguous_field", f"{self.field} could be {seen}", hint=hint)


@dataclass(frozen=True, slots=True)
class Understanding:
    """How the keys of one file group are understood."""

    decided: Decided = field(default_factory=Decided)
    choices: Mapping[tuple[str, str], Choice] = field(default_factory=dict)
    """(field, key) to why."""
    ambiguities: tuple[Ambiguity, ...] = ()
    doubted: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(field, key) of names that are not believed to one of their values."""
    longer: tuple[tuple[str, str], ...] = ()
    """(key of the text, key whose texts are much longer): the first may hold previews."""


def understand(
    records: Sequence[Mapping[str, Any]],
    fields: Sequence[str],
    overrides: Mapping[str, str],
    whole: int = 0,
) -> Understanding:
    """Decide on a file group from a sample of its records.

    Args:
        records: raw records.
        fields: names of the schema's fields.
        overrides: `[input.fields]`.
        whole: size of the sample of which the records are a part, 0 for all of it.
    """
    return _Weighing(records, fields, overrides, max(whole, len(records))).result()


class _Weighing:
    def __init__(
        self,
        records: Sequence[Mapping[str, Any]],
        fields: Sequence[str],
        overrides: Mapping[str, str],
        whole: int,
    ) -> None:
        self.fields = [name for name in fields if name not in WRITTEN_BY_IMPRINT]
        self.overrides = overrides
        self.size = len(records)
        self.whole = whole
        self.values: dict[str, list[Any]] = {}
        for record in map(with_metadata, records):
            for key in keys_of(record):
                value = plain(record[key] if key in record else reach(record, key))
                self.values.setdefault(key, [])
                if not is_missing(value):
                    self.values[key].append(value)
        self.keys = tuple(self.values)
        self.choices: dict[tuple[str, str], Choice] = {}
        self.decided: dict[str, tuple[str, ...]] = {}
        self.refused: dict[str, frozenset[str]] = {}
        self.ambiguities: list[Ambiguity] = []
        self.doubted: dict[tuple[str, str], str] = {}

    def result(self) -> Understanding:
        open_fields = [name for name in self.fields if not self._by_name(name)]
        for name in open_fields:
            self._by_soft_name(name)
        for name in BY_VALUES:
            if name in open_fields and name not in self.decided:
                self._by_values(name)
        return Understanding(
            Decided(self.decided, self.refused),
            self.choices,
            tuple(self.ambiguities),
            self.doubted,
            self._longer(),
        )

    def _by_name(self, name: str) -> bool:
        """Settle a field by the recipe or by names; whether it is settled."""
        override = self.overrides.get(name)
        if override is not None:
            if override in self.values:
                self.choices[name, override] = Choice("recipe", self._score(name, override))
            # An override that no record has leaves the field to what is recognised.
            if override == "" or override in self.values or override.split(".")[0] in self.values:
                return True
        wrong = set()
        for key in named(name, self.keys):
            score = self._score(name, key)
            if score is not None and score < MISFITS and len(self.values[key]) >= FEW:
                wrong.add(key)
                self.doubted[name, key] = shorten(self.values[key][0], 60)
            else:
                self.choices[name, key] = Choice("name", score)
        if wrong:
            self.refused[name] = frozenset(wrong)
        return any(self.values[key] for field_name, key in self.choices if field_name == name)

    def _by_soft_name(self, name: str) -> None:
        for soft in SOFT_KEYS.get(name, ()):
            key = next((key for key in self._free() if form(key) == form(soft)), None)
            # A part of the group may have such a key for a reason of its own: it must be the group's.
            if key is not None and len(self.values[key]) >= FILLED * self.whole and self._fits(name, key):
                self._take(name, key)
                return

    def _by_values(self, name: str) -> None:
        soft = set(map(form, SOFT_KEYS.get(name, ())))
        found = [key for key in self._free() if form(key) not in soft and self._fits(name, key)]
        if name == "text" and len(found) > 1:
            lengths = {key: statistics.median(map(len, self._strings(key))) for key in found}
            found.sort(key=lambda key: -lengths[key])
            if lengths[found[0]] >= DOMINANCE * lengths[found[1]]:
                found = found[:1]
        if len(found) == 1:
            self._take(name, found[0])
        elif found:
            found.sort(key=self.keys.index)
            samples = tuple(shorten(self.values[key][0], 40) for key in found)
            self.ambiguities.append(Ambiguity(name, tuple(found), samples))

    def _longer(self) -> tuple[tuple[str, str], ...]:
        """Whether a key that nothing takes holds longer prose than the text that a name has given."""
        named_texts = [key for name, key in self.choices if name == "text" and self.values.get(key)]
        if not named_texts or self.overrides.get("text"):
            return ()
        usual = statistics.median(map(len, self._strings(named_texts[0])))
        found = [
            key
            for key in self._free()
            if self._fits("text", key)
            and statistics.median(map(len, self._strings(key))) >= DOMINANCE * usual
        ]
        return tuple((named_texts[0], key) for key in found)

    def _take(self, name: str, key: str) -> None:
        self.decided[name] = (key,)
        self.choices[name, key] = Choice("values", self._score(name, key))

    def _free(self) -> list[str]:
        """Keys that no field has taken, whether or not they hold something."""
        taken = {key for _, key in self.choices} | set(self.overrides.values())
        return [key for key in self.keys if key not in taken]

    def _fits(self, name: str, key: str) -> bool:
        """Whether a key without a telling name can be a field."""
        values = self.values[key]
        if len(values) < FILLED * self.size:
            return False
        looks = BY_VALUES.get(name, SOFTLY.get(name))
        if looks is None or sum(map(looks, values)) < FITS * len(values):
            return False
        if name in DISTINCT:
            distinct = len({str(value) for value in values})
            return distinct >= FITS * len(values) and not (name == "title" and mostly_sentences(values))
        return True

    def _score(self, name: str, key: str) -> float | None:
        """Share of a key's values that look like a field; None for fields that look like nothing in particular."""
        looks = LOOKS.get(name)
        values = self.values[key]
        return round(sum(map(looks, values)) / len(values), 3) if looks and values else None

    def _strings(self, key: str) -> list[str]:
        return [value if isinstance(value, str) else body_text(value) for value in self.values[key]]
