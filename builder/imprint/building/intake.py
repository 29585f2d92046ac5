"""Intake: from the files of the input to records: survey → ingest → decide → finish, and what was found on the way.

Law: the same input, recipe and previous release lead to the same records and decisions, however many workers map.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from imprint.article import RecordSchema
from imprint.building.columns import Rules
from imprint.building.decide import Seen, date_orders, decisions_of, removed_lines, repeated_lines
from imprint.building.decisions import Decisions
from imprint.building.doubts import Doubts, doubtful_dates
from imprint.building.finish import Finished, FinishTask, finish
from imprint.building.ingest import Ingested, IngestTask, ingest
from imprint.building.known import write_known
from imprint.building.parts import Part, WorkFolder
from imprint.building.previous import Previous
from imprint.building.scan import Scan
from imprint.building.survey import SurveyTask, groups_of, refuse_ambiguous, survey
from imprint.cleaning.languages import model_version
from imprint.cleaning.orders import ANY_SOURCE, Order
from imprint.dedup.minhash import Search
from imprint.engine.base import Engine
from imprint.errors import Place, UsageError
from imprint.findings import Finding
from imprint.progress import Progress
from imprint.recipe import Recipe
from imprint.sources.evidence import Understanding

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What came of the input."""

    ingested: Sequence[Ingested]
    finished: Sequence[Finished]
    understood: Mapping[str, Understanding]
    """File group to how its keys are understood, for groups that are new."""
    orders: Mapping[str, Order]
    findings: Sequence[Finding]

    def decisions(self, recipe: Recipe, before: Decisions) -> Decisions:
        """The decisions of the release that is built from this."""
        removed = removed_lines(self.finished)
        return decisions_of(Seen(self.ingested, self.understood, removed, self.orders, recipe), before)


class Intake:
    """Takes an input in."""

    def __init__(
        self,
        recipe: Recipe,
        schema: Mapping[str, Any],
        previous: Previous,
        work: WorkFolder,
        engine: Engine,
        watch: Progress,
        *,
        limit: int | None = None,
        search: Search | None = None,
    ) -> None:
        """Prepare the intake.

        Args:
            recipe: the recipe.
            schema: the JSON Schema of a record.
            previous: the release that is known.
            work: where to work.
            engine: what maps.
            watch: who is told how far it is.
            limit: how many records of each file are looked at, and ambiguities are left open; None takes all.
            search: for what search of near duplicates texts are signed; None signs none.
        """
        self.recipe = recipe
        self.schema = schema
        self.fields = RecordSchema.parse(schema)
        self.previous = previous
        self.work = work
        self.engine = engine
        self.watch = watch
        self.limit = limit
        self.search = search

    def run(self, found: Scan) -> TakenIn:
        """Take in what a scan found.

        Raises:
            UsageError: a field could be several keys, or the language model is not installed.
        """
        if self.recipe.input.detect_language and model_version() is None:
            raise UsageError(
                "detecting languages needs the extra lang, which is not installed",
                place=Place("imprint.toml", field="input.detect_language"),
                hint="pip install 'imprint[lang]', or give the language in the input and say false here",
            )
        write_known(self.work, self.previous.ledger)
        understood = self._survey(found)
        ingested = self._ingest(found, understood)
        before = self.previous.decisions
        repeated = repeated_lines(ingested, self.recipe.clean.source_lines, before)
        orders = date_orders(ingested, before, self.recipe.input.date_order)
        finished = self._finish(found, repeated, orders)
        findings = [*self._unused(ingested, understood), *self._doubts(found, finished)]
        return TakenIn(ingested, finished, understood, orders, findings)

    def _survey(self, found: Scan) -> dict[str, Understanding]:
        groups = groups_of(found.files)
        new = [group for group in groups if group not in self.previous.decisions.mappings]
        names = tuple(self.fields.by_name)
        tasks = [
            SurveyTask(group, tuple(groups[group]), self.work, names, self.recipe.input.fields)
            for group in new
        ]
        understood = dict(zip(new, self.engine.map(survey, tasks), strict=True))
        if self.limit is None:
            refuse_ambiguous(understood)
        return understood

    def _ingest(self, found: Scan, understood: Mapping[str, Understanding]) -> list[Ingested]:
        before = self.previous.decisions
        decided = {group: before.of_group(group) for group in before.mappings}
        decided |= {group: understanding.decided for group, understanding in understood.items()}
        names = tuple(self.fields.by_name)
        times = tuple(field.name for field in self.fields.fields if field.is_time)
        settings = self.recipe.input
        tasks = [
            IngestTask(part, self.work, names, times, settings.fields, decided, settings.identity, self.limit)
            for part in found.parts
        ]
        return list(self._map_parts("read", ingest, tasks))

    def _finish(
        self, found: Scan, repeated: Mapping[str, frozenset[int]], orders: Mapping[str, Order]
    ) -> list[Finished]:
        rules = Rules(
            self.recipe.clean,
            repeated,
            orders,
            self.recipe.input.identity,
            self.recipe.input.detect_language,
            self.previous.ordinal + 1,
        )
        splits = self.recipe.splits
        tasks = [FinishTask(part, self.work, self.schema, rules, splits, self.search) for part in found.parts]
        return list(self._map_parts("clean", finish, tasks))

    def _map_parts(self, stage: str, function: Callable[[Any], R], tasks: Sequence[Any]) -> Iterator[R]:
        """Map over tasks that each have a `part`, and tell how many bytes of input are done."""
        parts: list[Part] = [task.part for task in tasks]
        self.watch.stage(stage, sum(part.size for part in parts))
        for part, result in zip(parts, self.engine.map(function, tasks), strict=True):
            self.watch.advance(part.size)
            yield result

    def _unused(
        self, ingested: Sequence[Ingested], understood: Mapping[str, Understanding]
    ) -> Iterator[Finding]:
        """Keys that serve nothing: those of the recipe that no record has, and those of records that no field takes."""
        used = {pair for part in ingested for counter in part.used.values() for pair in counter}
        for name, key in self.recipe.input.fields.items():
            if used and key and (name, key) not in used:
                place = Place("imprint.toml", field=f"input.fields.{name}")
                yield Finding("override_unused", f"no new record has the key {key!r}", place)
        yield from self._unused_sources(ingested)
        for group, understanding in sorted(understood.items()):
            for (name, key), sample in sorted(understanding.doubted.items()):
                message = f"{key} is not taken as {name}: its values are something else, such as {sample}"
                hint = f'write them as docs/input.md says, or settle it: [input.fields] {name} = ""'
                yield Finding("name_not_believed", message, Place(group), hint)
            for key, other in understanding.longer:
                message = f"{other} holds much longer texts than {key}, which is taken as text"
                hint = f'if {key} is only a preview: [input.fields] text = "{other}"'
                yield Finding("longer_text_ignored", message, Place(group), hint)
            for (name, key), choice in sorted(understanding.choices.items()):
                if choice.by == "values":
                    message = f"{key} is taken as {name}: {choice.score:.0%} of its values look like it"
                    hint = f'if it is not: [input.fields] {name} = "KEY"'
                    yield Finding("inferred_field", message, Place(group), hint)
        yield from _ignored_keys(ingested)

    def _unused_sources(self, ingested: Sequence[Ingested]) -> Iterator[Finding]:
        """Sources that the recipe names and no new article has."""
        sources = {source for part in ingested for source in part.articles}
        for table in ("date_order", "identity"):
            for source in sorted(getattr(self.recipe.input, table).keys() - sources - {ANY_SOURCE}):
                if sources:
                    near = difflib.get_close_matches(source, sources, 1, cutoff=0.5)
                    hint = f"did you mean {near[0]}?" if near else ""
                    place = Place("imprint.toml", field=f"input.{table}")
                    yield Finding("source_unused", f"no new article is of {source!r}", place, hint)

    def _doubts(self, found: Scan, finished: Sequence[Finished]) -> Iterator[Finding]:
        doubts = Doubts()
        for part in finished:
            doubts.update(part.doubts)
        doubts.update(doubtful_dates(self.work, len(found.parts)))
        yield from doubts.findings()


def _ignored_keys(ingested: Sequence[Ingested]) -> Iterator[Finding]:
    ignored: dict[str, set[str]] = {}
    for part in ingested:
        for group, keys in part.ignored.items():
            ignored.setdefault(group, set()).update(keys)
    for group, unused in sorted(ignored.items()):
        if unused:
            yield Finding("keys_ignored", f"no field takes {', '.join(sorted(unused))}", Place(group))
