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

from imprint.digests import canonical_json
from imprint.errors import Place, UsageError, shorten
from imprint.findings import HINTS, Finding

DRAFT = "https://json-schema.org/draft/2020-12/schema"

EXPLAINED_PER_PART = 1_000
"""Failures that jsonschema explains in one part; beyond it the shorter words of jsonschema-rs serve."""


MESSAGE_CHARS = 200
"""Length at which a message is cut."""


class Validator:
    """Checks records against one schema."""

    def __init__(self, document: Mapping[str, Any], *, file: str = "schema/article.schema.json") -> None:
        """Compile the schema.

        Raises:
            UsageError: it is not a schema of draft 2020-12, or it refers to something outside itself.
        """
        if str(document.get("$schema", DRAFT)).rstrip("#") != DRAFT:
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
        # jsonschema joins these patterns and hands them to a backtracking engine, behind every override.
        self._rust_only = b'"patternProperties"' in canonical_json(self._document)

    def is_valid(self, row: Mapping[str, Any]) -> bool:
        """The verdict on one record."""
        return self._rust.is_valid(row)

    def verdicts(self, rows: Sequence[Mapping[str, Any]]) -> list[bool]:
        """The verdict on each record."""
        return list(map(self._rust.is_valid, rows))

    def explain(self, row: Mapping[str, Any]) -> list[Finding]:
        """Why a record is not valid: one finding per fault, its code `schema.<keyword>`."""
        if self._explained < EXPLAINED_PER_PART and not self._rust_only:
            self._explained += 1
            findings = [_finding(*fault) for fault in self._faults(row)]
            # A false subschema has no keyword, and jsonschema does not say where it stood.
            if findings and not any(finding.code == "schema.None" for finding in findings):
                return findings
        return [_finding(*fault) for fault in self._short_faults(row)]

    def _short_faults(self, row: Mapping[str, Any]) -> Iterator[tuple[str, list[Any], Any, str]]:
        for error in self._rust.iter_errors(row):
            path, value = list(error.instance_path), error.instance
            if error.kind.name == "required":
                path, value = [*path, error.kind.as_dict()["property"]], None
            yield error.kind.name, path, value, error.message

    def _faults(self, row: Mapping[str, Any]) -> Iterator[tuple[str, list[Any], Any, str]]:
        import referencing  # noqa: PLC0415 - jsonschema takes 0.1 s to import and is needed for faults only

        registry: Any = referencing.Registry(retrieve=_refuse)  # type: ignore[call-arg]
        validator = _explainer()(self._document, registry=registry)
        # By field and keyword, whatever order the library finds them in.
        for error in sorted(validator.iter_errors(row), key=_place_and_keyword):
            path, value = list(error.absolute_path), error.instance
            if error.validator == "required":
                path, value = (
                    [*path, *(name for name in error.validator_value if repr(name) in error.message)],
                    None,
                )
            yield str(error.validator), path, value, error.message


def _place_and_keyword(error: Any) -> tuple[list[str], str]:
    return [str(part) for part in error.absolute_path], str(error.validator)


def _finding(keyword: str, path: list[Any], value: Any, message: str) -> Finding:
    field = ".".join(str(part) for part in path) or None
    # The message of a faulty article would repeat its whole text; the value is shown once, shortened.
    message = message if len(message) <= MESSAGE_CHARS else message[: MESSAGE_CHARS - 1] + "…"
    hint = next((hint for name, hint in HINTS.items() if keyword == "format" and message.endswith(name)), "")
    return Finding(
        f"schema.{keyword}", message, Place(field=field, value=shorten(value) if field else None), hint
    )


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

    return extend(  # type: ignore[no-untyped-call]
        Draft202012Validator,
        {"pattern": pattern, "format": format_},
    )
