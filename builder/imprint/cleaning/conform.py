"""Conform: values as sources give them to the types of the schema, a column at a time.

Law: a value that cannot be conformed stays as it is, so that validation rejects the record and can show the value;
nothing is dropped or guessed in silence.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from imprint.article import Field
from imprint.cleaning.characters import clean_line
from imprint.cleaning.dates import NO_DATE, parse_date
from imprint.cleaning.languages import language_tag
from imprint.cleaning.names import split_byline
from imprint.cleaning.urls import canonical_url, domain_of

Column = list[Any]


def conform(field: Field, values: Sequence[Any]) -> Column:
    """One column of the JSON form."""
    rule = _rule(field)
    return [None if value is None else rule(value) for value in values]


def conform_value(name: str, value: Any) -> Any:
    """One value of a field that is a name or an id, as `conform` would have it."""
    return None if value is None else _NAMED.get(name, _line)(value)


def precisions(given: Sequence[Any]) -> Column:
    """How much of each published_at was given, for `date_precision`."""
    parsed = (
        None if value is None or isinstance(value, bool) else parse_date(_as_text(value)) for value in given
    )
    return [None if date is None else date.precision for date in parsed]


def _as_text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value == value // 1 else str(value)


def _rule(field: Field) -> Callable[[Any], Any]:
    if field.is_time:
        return _time
    if field.is_uri:
        return _uri
    if field.name in _NAMED:
        return _NAMED[field.name]
    if pa.types.is_list(field.type):
        return _list
    if pa.types.is_floating(field.type):
        return _number
    return _line if pa.types.is_string(field.type) and not field.is_json else _as_given


def _as_given(value: Any) -> Any:
    return value


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _uri(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_NO_SCHEME):
        value = f"https://{value.removeprefix('//')}"
    return (canonical_url(value) or None) if isinstance(value, str) else value


_NO_SCHEME = ("www.", "//")
"""Beginnings of an address that was copied without its scheme."""


def _time(value: Any) -> Any:
    # Sources that write seconds since 1970 write them as numbers.
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1:
        date = parse_date(str(int(value)))
        return value if date is None else date.text
    if not isinstance(value, str):
        return value
    if value.strip().casefold() in NO_DATE:
        return None
    date = parse_date(value)
    return value if date is None else date.text


def _line(value: Any) -> Any:
    # Structured data gives people and organisations as objects.
    value = _name_of(value)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        value = "; ".join(value)
    return (clean_line(value) or None) if isinstance(value, str) else value


def _identifier(value: Any) -> Any:
    # Many sources number their articles; true is no number.
    if isinstance(value, float) and value == value // 1:
        value = int(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _line(value)


def _list(value: Any) -> Any:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        return value
    cleaned = (clean_line(item) if isinstance(item, str) else item for item in map(_name_of, items))
    return [item for item in cleaned if item is not None and item != ""] or None


_NAMES_OF_THINGS = ("name", "term", "label", "original")
"""Keys under which an object keeps what it is called: structured data and feeds."""


def _name_of(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return next((value[key] for key in _NAMES_OF_THINGS if isinstance(value.get(key), str)), value)


def _names(value: Any) -> Any:
    value = _listed(_name_of(value))
    items = [value] if isinstance(value, str) else value
    items = list(map(_name_of, items)) if isinstance(items, list) else items
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return value
    return [name for item in items for name in map(clean_line, split_byline(item)) if name] or None


def _section(value: Any) -> Any:
    """Several categories are one line, whether they came as a list or with semicolons."""
    line = _line(value)
    return "; ".join(filter(None, map(str.strip, line.split(";")))) or None if isinstance(line, str) else line


def _listed(value: Any) -> Any:
    """A list that was written into one cell, as JSON or as Python has it."""
    if (
        not isinstance(value, str)
        or not (value.startswith("[") and value.endswith("]"))
        or len(value) > CELL_CHARS
    ):
        return value
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value
    return found if isinstance(found, list) and all(isinstance(item, str) for item in found) else value


CELL_CHARS = 10_000


def _keywords(value: Any) -> Any:
    value = _listed(value)
    return _list(re.split(r"[;,]", value)) if isinstance(value, str) else _list(value)


def _domain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    host = domain_of(canonical_url(value)) if "://" in value else value.partition("/")[0]
    return (host or "").strip().lower().removeprefix("www.") or None


def _language(value: Any) -> Any:
    return (language_tag(value) or None) if isinstance(value, str) else value


_NAMED: dict[str, Callable[[Any], Any]] = {
    "source_id": _identifier,
    "source_domain": _domain,
    "authors": _names,
    "section": _section,
    "keywords": _keywords,
    "language": _language,
}
"""Fields with a rule of their own."""
