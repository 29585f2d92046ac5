"""The record: its fields, read from schema/article.schema.json, and its two forms.

Laws: the JSON Schema is the one source of truth; the Arrow schema, the Hub's features and the card's field table are
derived from it here. The Arrow form holds times as microseconds in UTC without a zone and nested values as canonical
JSON text; the JSON form holds times as RFC 3339 with Z. `json_rows(table)` gives back what `arrow_table(rows)` took.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from imprint.digests import canonical_json, sha256_hex
from imprint.errors import Place, UsageError

ROLES = ("content", "lineage", "release")
"""What a field is for; a diff calls a record changed when a content field differs."""

REQUIRED_FIELDS = (
    "id", "url", "source_id", "source_domain", "publisher", "title", "text", "authors", "published_at",
    "modified_at", "retrieved_at", "date_precision", "input_file", "input_row", "raw_sha256", "text_sha256",
    "processing", "dup_cluster", "added_in",
)  # fmt: skip
"""Fields that imprint itself writes; a project's schema may add to them, not take them away."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the record."""

    name: str
    """Key in the JSON form, column in the Arrow form."""
    type: pa.DataType
    """Column type."""
    role: str
    """One of ROLES."""
    description: str
    """Meaning, for the card and Croissant."""
    nullable: bool
    """Whether null (unknown) is allowed."""
    is_json: bool = False
    """Whether the column holds canonical JSON text of a nested value."""
    is_uri: bool = False
    """Whether the schema asserts `format: uri`."""

    @property
    def is_time(self) -> bool:
        """Whether the column is a timestamp, the JSON form an RFC 3339 string."""
        return bool(pa.types.is_timestamp(self.type))


@dataclass(frozen=True)
class RecordSchema:
    """The schema of a project's records: the JSON Schema and what is derived from it."""

    document: Mapping[str, Any]
    """The JSON Schema as it was parsed."""
    fields: tuple[Field, ...]
    """Its properties, in the schema's order, which is the order of the columns."""

    @classmethod
    def parse(cls, document: Mapping[str, Any], *, file: str = "schema/article.schema.json") -> RecordSchema:
        """Derive the fields from a JSON Schema.

        Raises:
            UsageError: a property has no column type, or a field that imprint writes is missing.
        """
        properties = document.get("properties") if isinstance(document, Mapping) else None
        if not isinstance(properties, dict):
            raise UsageError("the schema has no properties", place=Place(file))
        missing = [name for name in REQUIRED_FIELDS if name not in properties]
        if missing:
            raise UsageError(
                f"the schema lacks fields that imprint writes: {', '.join(missing)}",
                place=Place(file),
                hint="start from the schema that `imprint init` lays out and add to it",
            )
        return cls(document, tuple(_field(name, spec, file) for name, spec in properties.items()))

    @cached_property
    def arrow(self) -> pa.Schema:
        """The pinned Arrow schema that every shard has."""
        return pa.schema([pa.field(field.name, field.type) for field in self.fields])

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields under their names."""
        return {field.name: field for field in self.fields}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the schema's canonical JSON."""
        return sha256_hex(canonical_json(self.document))

    def features(self) -> list[dict[str, str]]:
        """The Hub's `dataset_info.features`, as datasets writes them into a card."""
        return [{"name": field.name, **_feature(field.type)} for field in self.fields]

    def columns(self, rows: Mapping[str, Sequence[Any]], length: int) -> dict[str, pa.Array]:
        """Columns of the JSON form to Arrow arrays; a field without a column is all null."""
        nothing = [None] * length
        return {field.name: _to_arrow(field, rows.get(field.name, nothing)) for field in self.fields}

    def misfits(self, rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
        """Records of the JSON form whose values no column can hold, and the field that is at fault.

        A leap second, a year before 1 in UTC, an integer beyond 64 bits: valid JSON, but no Arrow value.
        """
        found: dict[int, str] = {}
        for index, row in enumerate(rows):
            for field in self.fields:
                try:
                    _to_arrow(field, [row.get(field.name)])
                except (ValueError, OverflowError, TypeError):  # ArrowInvalid is a ValueError
                    found[index] = field.name
                    break
        return found

    def arrow_table(self, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
        """Records in the JSON form to a table."""
        columns = {field.name: [row.get(field.name) for row in rows] for field in self.fields}
        return pa.table(self.columns(columns, len(rows)), schema=self.arrow)

    def json_columns(self, table: pa.Table) -> dict[str, list[Any]]:
        """A table's columns in the JSON form; columns that the schema does not know are left out."""
        known = [field for field in self.fields if field.name in table.schema.names]
        return {field.name: _from_arrow(field, table.column(field.name)) for field in known}

    def json_rows(self, table: pa.Table) -> list[dict[str, Any]]:
        """A table's records in the JSON form, in its order."""
        columns = self.json_columns(table)
        names = list(columns)
        return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def rfc3339(moment: datetime) -> str:
    """A moment in UTC as RFC 3339 with Z; a fraction only where there is one.

    An aware moment is converted to UTC; a naive one is taken as UTC.
    """
    utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return utc.isoformat() + "Z"


def microseconds(moment: str) -> int:
    """Microseconds since 1970 of an RFC 3339 time as `rfc3339` writes it.

    Raises:
        ValueError: it is written otherwise, or no datetime can hold it.
    """
    parsed = datetime.fromisoformat(moment)
    if rfc3339(parsed) != moment:
        raise ValueError(f"{moment!r} is not in the form that records have")
    return (parsed - EPOCH) // timedelta(microseconds=1)


def _field(name: str, spec: Any, file: str) -> Field:
    if not isinstance(spec, dict):
        raise UsageError("a property must be an object", place=Place(file, field=name))
    types = spec.get("type", [])
    types = [types] if isinstance(types, str) else list(types)
    nullable = "null" in types or None in spec.get("enum", ())
    kinds = [kind for kind in types if kind != "null"]
    role = spec.get("x-role", "content")
    if role not in ROLES:
        raise UsageError(
            f"x-role is one of {', '.join(ROLES)}", place=Place(file, field=name, value=str(role))
        )
    column, is_json = _column_type(name, spec, kinds, file)
    return Field(
        name, column, role, spec.get("description", ""), nullable, is_json, spec.get("format") == "uri"
    )


_SCALARS: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}
_NAMED: dict[str, pa.DataType] = {"int32": pa.int32(), "int64": pa.int64(), "float32": pa.float32()}


def _column_type(name: str, spec: dict[str, Any], kinds: list[str], file: str) -> tuple[pa.DataType, bool]:
    """Column type of a property, and whether it holds JSON text."""
    if "x-arrow" in spec:
        if spec["x-arrow"] not in _NAMED:
            raise UsageError(
                f"x-arrow is one of {', '.join(_NAMED)}",
                place=Place(file, field=name, value=str(spec["x-arrow"])),
            )
        return _NAMED[spec["x-arrow"]], False
    if not kinds and all(value is None or isinstance(value, str) for value in spec.get("enum", (0,))):
        return pa.string(), False
    if kinds == ["string"]:
        return (pa.timestamp("us") if spec.get("format") == "date-time" else pa.string()), False
    if len(kinds) == 1 and kinds[0] in _SCALARS:
        return _SCALARS[kinds[0]], False
    items = spec.get("items", {})
    if kinds == ["array"] and isinstance(items, dict) and items.get("type") in tuple(_SCALARS):
        return pa.list_(_SCALARS[items["type"]]), False
    # Nested structs break readers across shards; the value is kept whole as JSON text instead.
    return pa.string(), True


def _feature(column: pa.DataType) -> dict[str, str]:
    if pa.types.is_list(column):
        return {"list": _dtype(column.value_type)}
    return {"dtype": _dtype(column)}


def _dtype(column: pa.DataType) -> str:
    return {"double": "float64", "float": "float32"}.get(str(column), str(column))


def _to_arrow(field: Field, values: Sequence[Any]) -> pa.Array:
    if field.is_time:
        return pa.array([None if v is None else microseconds(v) for v in values], pa.int64()).cast(field.type)
    if field.is_json:
        return pa.array([None if v is None else canonical_json(v).decode() for v in values], pa.string())
    return pa.array(values, field.type)


def _from_arrow(field: Field, column: pa.ChunkedArray) -> list[Any]:
    if field.is_time:
        return _times(column)
    values: list[Any] = column.to_pylist()
    if field.is_json:
        return [None if value is None else orjson.loads(value) for value in values]
    return values


def _times(column: pa.ChunkedArray) -> list[str | None]:
    if column.null_count == len(column):
        return [None] * len(column)
    micros = column.cast(pa.int64()).fill_null(0).to_numpy()
    texts: np.ndarray[Any, Any] = np.datetime_as_string(
        micros.astype("datetime64[us]").astype("datetime64[s]")
    )
    known = column.is_valid().to_pylist()
    whole = (micros % 1_000_000 == 0).tolist()
    seconds = texts.tolist()
    if all(whole):
        return [f"{text}Z" if valid else None for text, valid in zip(seconds, known, strict=True)]
    return [
        None if not valid else f"{text}Z" if exact else f"{text}.{micro % 1_000_000:06d}Z"
        for text, valid, exact, micro in zip(seconds, known, whole, micros.tolist(), strict=True)
    ]
