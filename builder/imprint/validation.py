"""Validation of a record's JSON form against the project's JSON Schema (draft 2020-12).

Laws: the verdict is jsonschema-rs' (linear-time patterns, formats asserted); jsonschema explains a failure with its
path and keyword. Neither follows a reference out of the schema, to a file or to the network. Patterns and formats are
decided by jsonschema-rs in both, so that a schema's pattern cannot make the explanation hang and the two agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import jsonschema_rs

from imprint.errors import Place, UsageError, shorten
from imprint.findings import Finding

DRAFT = "https://json-schema.org/draft/2020-12/schema"

EXPLAINED_PER_PART = 1_000
"""Failures that jsonschema explains in one part; beyond it the shorter words of jsonschema-rs serve."""


class Validator:
    """Checks records against one schema."""

    def __init__(self, document: Mapping[str, Any], *, file: str = "schema/article.schema.json") -> None:
        """Compile the schema.

        Raises:
            UsageError: it is not a schema of draft 2020-12, or it refers to something outside itself.
        """
        if document.get("$schema", DRAFT).rstrip("#") != DRAFT:
            raise UsageError(
                "the schema is not of draft 2020-12",
                place=Place(file, field="$schema", value=shorten(document["$schema"])),
                hint=f'write "$schema": "{DRAFT}"',
            )
        self._document = dict(document)
        try:
            self._rust = jsonschema_rs.Draft202012Validator(
                self._document, validate_formats=True, retriever=_refuse
            )
        except (jsonschema_rs.ReferencingError, jsonschema_rs.ValidationError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(
                f"this schema cannot be used: {reason}",
                place=Place(file),
                hint="a schema may only refer to its own $defs; files and the network are never read",
            ) from error
        self._explained = 0

    def is_valid(self, row: Mapping[str, Any]) -> bool:
        """The verdict on one record."""
        return self._rust.is_valid(row)

    def verdicts(self, rows: Sequence[Mapping[str, Any]]) -> list[bool]:
        """The verdict on each record."""
        return list(map(self._rust.is_valid, rows))

    def explain(self, row: Mapping[str, Any]) -> list[Finding]:
        """Why a record is not valid: one finding per fault, its code `schema.<keyword>`."""
        if self._explained < EXPLAINED_PER_PART:
            self._explained += 1
            findings = [_finding(*fault) for fault in self._faults(row)]
            if findings:
                return findings
        return [
            _finding(error.kind.name, list(error.instance_path), error.instance, error.message)
            for error in self._rust.iter_errors(row)
        ]

    def _faults(self, row: Mapping[str, Any]) -> Iterator[tuple[str, list[Any], Any, str]]:
        import referencing  # noqa: PLC0415 - jsonschema takes 0.1 s to import and is needed for faults only

        registry: Any = referencing.Registry(retrieve=_refuse)  # type: ignore[call-arg]
        validator = _explainer()(self._document, registry=registry)
        # By field and keyword, whatever order the library finds them in.
        for error in sorted(validator.iter_errors(row), key=_place_and_keyword):
            yield str(error.validator), list(error.absolute_path), error.instance, error.message


def _place_and_keyword(error: Any) -> tuple[list[str], str]:
    return [str(part) for part in error.absolute_path], str(error.validator)


def _place_and_keyword(error: Any) -> tuple[list[str], str]:
    return [str(part) for part in error.absolute_path], str(error.validator)


def _finding(keyword: str, path: list[Any], value: Any, message: str) -> Finding:
    field = ".".join(str(part) for part in path) or None
    # The message of a faulty article would repeat its whole text; the value is shown once, shortened.
    return Finding(f"schema.{keyword}", message if len(message) <= 200 else message[:199] + "…",
                   Place(field=field, value=shorten(value) if field else None))  # fmt: skip


def _refuse(uri: str) -> Any:
    raise ValueError(f"references outside the schema are refused: {uri}")


@cache
def _explainer() -> Any:
    """Jsonschema's validator class with patterns and formats decided by jsonschema-rs."""
    from jsonschema import Draft202012Validator, ValidationError  # noqa: PLC0415 - see _faults
    from jsonschema.validators import extend  # noqa: PLC0415

    @cache
    def rule(keyword: str, value: str) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator({keyword: value}, validate_formats=True, offline=True)

    def pattern(_validator: Any, value: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and not rule("pattern", value).is_valid(instance):
            yield ValidationError(f"{shorten(instance)} does not match {value!r}")

    def format_(_validator: Any, value: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and not rule("format", value).is_valid(instance):
            yield ValidationError(f"{shorten(instance)} is not a {value}")

    def pattern_properties(
        validator: Any, value: Any, instance: Any, _schema: Any
    ) -> Iterator[ValidationError]:
        if not isinstance(instance, dict):
            return
        for expression, subschema in value.items():
            for name in filter(rule("pattern", expression).is_valid, instance):
                yield from validator.descend(instance[name], subschema, path=name, schema_path=expression)

    return extend(  # type: ignore[no-untyped-call]
        Draft202012Validator,
        {"pattern": pattern, "format": format_, "patternProperties": pattern_properties},
    )
