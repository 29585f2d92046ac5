"""The record: what the schema derives, and that its two forms are one."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.article import REQUIRED_FIELDS, RecordSchema, microseconds, rfc3339
from imprint.errors import UsageError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MOMENT = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def schema_with(document: dict[str, Any], **properties: Any) -> RecordSchema:
    extended = copy.deepcopy(document)
    extended["properties"].update(properties)
    return RecordSchema.parse(extended)


def round_trip(schema: RecordSchema, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return schema.json_rows(schema.arrow_table(rows))


def test_the_columns_are_the_properties_in_the_order_of_the_schema(record_schema):
    schema = RecordSchema.parse(record_schema)
    assert schema.arrow.names == list(record_schema["properties"])


def test_column_types_are_those_of_the_design(record_schema):
    arrow = RecordSchema.parse(record_schema).arrow
    assert arrow.field("published_at").type == pa.timestamp("us")
    assert arrow.field("authors").type == pa.list_(pa.string())
    assert arrow.field("added_in").type == pa.int32()
    assert arrow.field("input_row").type == pa.int64()
    assert arrow.field("date_precision").type == pa.string()
    assert arrow.field("tdm_reservation").type == pa.int32()


def test_no_column_holds_a_zone_or_a_struct(record_schema):
    schema = schema_with(record_schema, place={"type": "object", "properties": {"lat": {"type": "number"}}})
    for column in schema.arrow:
        assert not pa.types.is_struct(column.type)
        assert not (pa.types.is_timestamp(column.type) and column.type.tz)


@pytest.mark.parametrize("name", REQUIRED_FIELDS)
def test_a_schema_without_a_field_that_imprint_writes_is_refused_by_name(record_schema, name):
    document = copy.deepcopy(record_schema)
    del document["properties"][name]
    with pytest.raises(UsageError, match=name):
        RecordSchema.parse(document)


def test_an_unknown_role_is_refused_with_the_field_and_the_value(record_schema):
    with pytest.raises(UsageError) as caught:
        schema_with(record_schema, desk={"type": "string", "x-role": "contents"})
    assert (caught.value.place.field, caught.value.place.value) == ("desk", "contents")


def test_an_unknown_column_type_is_refused_with_the_known_ones(record_schema):
    with pytest.raises(UsageError, match="int32"):
        schema_with(record_schema, views={"type": "integer", "x-arrow": "int7"})


@pytest.mark.parametrize(
    "items", [{"type": ["string", "null"]}, {"type": "object"}, {}, True, {"enum": [1, 2]}]
)
def test_a_list_of_anything_but_one_scalar_type_is_kept_whole_as_json(record_schema, items):
    schema = schema_with(record_schema, tags={"type": "array", "items": items})
    assert round_trip(schema, {"tags": ["a", None, {"b": 1}]})[0]["tags"] == ["a", None, {"b": 1}]


def test_a_schema_without_properties_is_refused():
    with pytest.raises(UsageError, match="properties"):
        RecordSchema.parse({"type": "object"})


def test_the_digest_does_not_depend_on_the_order_of_keys_but_on_every_value(record_schema):
    backwards = dict(reversed(record_schema.items()))
    assert RecordSchema.parse(backwards).digest == RecordSchema.parse(record_schema).digest
    assert (
        schema_with(record_schema, desk={"type": "string"}).digest != RecordSchema.parse(record_schema).digest
    )


def test_the_hub_features_read_back_as_the_arrow_schema(record_schema):
    datasets = pytest.importorskip("datasets")
    schema = schema_with(
        record_schema, views={"type": "integer"}, score={"type": "number"}, paid={"type": "boolean"}
    )
    features = datasets.Features._from_yaml_list(schema.features())
    assert features.arrow_schema.remove_metadata() == schema.arrow


@settings(max_examples=60, deadline=None)
@given(moments=st.lists(st.none() | MOMENT, max_size=6))
def test_times_survive_the_round_trip_at_any_year_and_fraction(record_schema, moments):
    schema = RecordSchema.parse(record_schema)
    texts = [None if moment is None else rfc3339(moment) for moment in moments]
    rows = round_trip(schema, *({"published_at": text} for text in texts))
    assert [row["published_at"] for row in rows] == texts


@pytest.mark.parametrize(
    "moment",
    ["1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z",
     "1582-10-04T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z", "2024-02-29T12:00:00.500000Z"],
)  # fmt: skip
def test_a_time_at_an_edge_survives_beside_a_null(record_schema, moment):
    schema = RecordSchema.parse(record_schema)
    rows = round_trip(schema, {"modified_at": moment}, {"modified_at": None})
    assert [row["modified_at"] for row in rows] == [moment, None]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "title": st.none() | TEXT,
                "authors": st.none() | st.lists(TEXT, max_size=3),
                "input_row": st.integers(-(2**63), 2**63 - 1),
                "added_in": st.integers(-(2**31), 2**31 - 1),
                "extra": JSON,
                "score": st.none() | st.floats(allow_nan=False, allow_infinity=False),
                "paid": st.none() | st.booleans(),
            },
        ),
        max_size=4,
    )
)
def test_json_rows_give_back_what_the_arrow_table_took(record_schema, rows):
    schema = schema_with(
        record_schema,
        extra={"type": ["object", "array", "string", "number", "boolean", "null"]},
        score={"type": ["number", "null"]},
        paid={"type": ["boolean", "null"]},
    )
    nothing = dict.fromkeys(schema.arrow.names)
    assert round_trip(schema, *rows) == [{**nothing, **row} for row in rows]


def test_a_table_of_several_chunks_gives_the_rows_of_all(record_schema):
    schema = RecordSchema.parse(record_schema)
    moments = [None, "2024-01-01T00:00:00Z", "1960-01-01T00:00:00.000001Z"]
    table = pa.concat_tables([schema.arrow_table([{"published_at": moment}]) for moment in moments])
    assert [row["published_at"] for row in schema.json_rows(table)] == moments


def test_an_empty_table_has_no_rows_and_all_columns(record_schema):
    schema = RecordSchema.parse(record_schema)
    assert schema.json_rows(schema.arrow_table([])) == []
    assert schema.arrow_table([]).schema == schema.arrow


def test_nested_values_are_canonical_json_whatever_the_order_of_keys(record_schema):
    schema = schema_with(record_schema, place={"type": "object"})
    one = schema.arrow_table([{"place": {"b": 1, "a": [None, "é"]}}])
    two = schema.arrow_table([{"place": {"a": [None, "é"], "b": 1}}])
    assert one.column("place").to_pylist() == ['{"a":[null,"é"],"b":1}']
    assert one.equals(two)


def test_columns_that_the_schema_does_not_know_are_left_out(record_schema):
    schema = RecordSchema.parse(record_schema)
    table = schema.arrow_table([{"title": "x"}]).append_column("later", pa.array([1]))
    assert "later" not in schema.json_rows(table)[0]


@settings(max_examples=60, deadline=None)
@given(moment=MOMENT, hours=st.integers(-12, 14))
def test_microseconds_agree_with_the_clock_in_any_zone(moment, hours):
    aware = moment.replace(year=min(max(moment.year, 2), 9998), tzinfo=timezone(timedelta(hours=hours)))
    expected = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert microseconds(rfc3339(aware)) == expected


def test_a_naive_time_is_taken_as_utc():
    assert rfc3339(datetime(2024, 2, 7, 17, 20)) == "2024-02-07T17:20:00Z"


def test_a_time_is_written_with_a_fraction_only_where_there_is_one():
    assert rfc3339(datetime(2024, 2, 7, tzinfo=UTC)) == "2024-02-07T00:00:00Z"
    assert rfc3339(datetime(2024, 2, 7, 0, 0, 0, 5, tzinfo=UTC)) == "2024-02-07T00:00:00.000005Z"
