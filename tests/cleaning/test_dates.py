"""Dates: nothing guessed, nothing filled from today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.cleaning.dates import parse_date

MOMENT = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))


@pytest.mark.parametrize(
    ("value", "text", "precision"),
    [
        ("2025", "2025-01-01T00:00:00Z", "year"),
        ("2025-03", "2025-03-01T00:00:00Z", "month"),
        ("2024-02-29", "2024-02-29T00:00:00Z", "day"),
        ("2024-02-07T17:20", "2024-02-07T17:20:00Z", "minute"),
        ("2024-02-07 17:20", "2024-02-07T17:20:00Z", "minute"),
        ("2024-02-07T17:20Z", "2024-02-07T17:20:00Z", "minute"),
        ("2024-02-07T17:20:20", "2024-02-07T17:20:20Z", "second"),
        ("2024-02-07 17:20:20", "2024-02-07T17:20:20Z", "second"),
        ("2024-02-07T17:20:20Z", "2024-02-07T17:20:20Z", "second"),
        ("2024-02-07T17:20:20z", "2024-02-07T17:20:20Z", "second"),
        ("2024-02-07 17:20:20 UTC", "2024-02-07T17:20:20Z", "second"),
        ("2024-02-07 17:20:20 GMT", "2024-02-07T17:20:20Z", "second"),
        ("2024-02-07 17:20:20+00:00", "2024-02-07T17:20:20Z", "second"),
        ("2024-02-07T17:20:20+02:00", "2024-02-07T15:20:20Z", "second"),
        ("2024-02-07T17:20:20-0530", "2024-02-07T22:50:20Z", "second"),
        ("2024-01-01T00:30:00+01:00", "2023-12-31T23:30:00Z", "second"),
        ("2024-02-07T17:20:20.5Z", "2024-02-07T17:20:20.500000Z", "microsecond"),
        ("2024-02-07T17:20:20,123456Z", "2024-02-07T17:20:20.123456Z", "microsecond"),
        ("2024-02-07T17:20:20.123456789Z", "2024-02-07T17:20:20.123456Z", "microsecond"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z", "microsecond"),
        ("0001-01-01", "0001-01-01T00:00:00Z", "day"),
        ("  2024-02-07\n", "2024-02-07T00:00:00Z", "day"),
    ],
)
def test_iso_dates_are_read_with_the_precision_they_have(value, text, precision):
    date = parse_date(value)
    assert date is not None
    assert (date.text, date.precision) == (text, precision)


@pytest.mark.parametrize(
    "value",
    [
        "February 7, 2024", "Feb 7, 2024", "Feb. 7, 2024", "FEBRUARY 7 2024", "february 7th, 2024", "7 February 2024",
        "7 Feb 2024", "07 Feb. 2024", "7th February, 2024", "Wednesday, February 7, 2024", "Wed, 7 Feb 2024",
        "Wed 7 Feb 2024", "Wed. February 7, 2024",
    ],
)  # fmt: skip
def test_months_in_words_are_read_to_the_day(value):
    date = parse_date(value)
    assert date is not None
    assert (date.text, date.precision) == ("2024-02-07T00:00:00Z", "day")


@pytest.mark.parametrize("number", range(1, 13))
def test_every_month_is_read_long_and_short(number):
    moment = datetime(2023, number, 5)
    for form in ("%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b. %d, %Y"):
        date = parse_date(moment.strftime(form))
        assert date is not None
        assert date.text == f"2023-{number:02d}-05T00:00:00Z"


@pytest.mark.parametrize("weekday", range(7))
def test_every_weekday_may_stand_before_a_date(weekday):
    moment = datetime(2024, 9, 2) + timedelta(days=weekday)
    for form in ("%A, %B %d, %Y", "%a, %d %b %Y"):
        date = parse_date(moment.strftime(form))
        assert date is not None
        assert date.text == moment.strftime("%Y-%m-%dT00:00:00Z")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Wed, 07 Feb 2024 17:20:20 +0000", "2024-02-07T17:20:20Z"),
        ("Wed, 07 Feb 2024 17:20:20 GMT", "2024-02-07T17:20:20Z"),
        ("Wed, 07 Feb 2024 17:20:20 -0500", "2024-02-07T22:20:20Z"),
        ("Wed, 07 Feb 2024 17:20:20 EST", "2024-02-07T22:20:20Z"),
        ("Wed, 07 Feb 2024 17:20:20 -0000", "2024-02-07T17:20:20Z"),
        ("7 Feb 2024 17:20:20", "2024-02-07T17:20:20Z"),
        ("Wed, 7 Feb 2024 17:20 +0100", "2024-02-07T16:20:00Z"),
    ],
)
def test_dates_of_mail_and_feeds_are_read(value, text):
    date = parse_date(value)
    assert date is not None
    assert date.text == text
    assert date.precision == ("second" if value.count(":") == 2 else "minute")


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "None", "null", "NaN", "n/a", "today", "yesterday", "2 hours ago", "12:30", "Monday", "February",
        "7 February", "Feb 2024 7th", "04/03/2024", "3.4.2024", "24-02-07", "2024-W06-3", "2024-13-01", "2024-00-10",
        "2024-02-30", "2023-02-29", "0000-01-01", "2024-02-07T25:00:00Z", "2024-02-07T17:60:00Z", "2024-02-07T17:20:20+25:00",
        "2024-02-07Z", "February 30, 2024", "31 April 2024", "February 7, 24", "Febtober 7, 2024", "20250", "17073264201234", "07/02/2024",
        "Wed, 31 Feb 2024 17:20:20 GMT", "Wed, 07 Feb 2024 25:20:20 GMT", "07 Foo 2024 17:20:20 GMT",
        "\uff12\uff10\uff12\uff14-02-07", "2024-02-07T17:20:20Z and later", "Published 2024-02-07",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
    ],
)  # fmt: skip
def test_what_cannot_be_read_without_guessing_is_none(value):
    assert parse_date(value) is None


@pytest.mark.parametrize("zone", ["CET", "IST", "AEST", "Europe/Berlin", "local", "+1", "(GMT)x"])
def test_a_zone_that_is_not_known_is_not_taken_for_utc(zone):
    date = parse_date(f"Wed, 07 Feb 2024 17:20:20 {zone}")
    assert date is None or date.text != "2024-02-07T17:20:20Z"


def test_a_year_of_the_first_century_is_not_moved_into_this_one():
    date = parse_date("07 Feb 0024 10:00:00 GMT")
    assert date is None or date.text.startswith("0024-")


def test_a_time_without_zone_is_taken_as_utc():
    for value in ("2024-02-07T17:20:20", "7 Feb 2024 17:20:20"):
        assert parse_date(value) == parse_date("2024-02-07T17:20:20Z")


@settings(max_examples=100, deadline=None)
@given(moment=MOMENT, minutes=st.integers(-12 * 60, 14 * 60))
def test_iso_times_of_any_zone_are_the_same_moment(moment, minutes):
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    date = parse_date(aware.isoformat())
    assert date is not None
    assert datetime.fromisoformat(date.text) == aware
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=date.micros) == aware


@settings(max_examples=100, deadline=None)
@given(
    moment=st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30)), minutes=st.integers(-12 * 60, 14 * 60)
)
def test_mail_dates_of_any_zone_are_the_same_moment(moment, minutes):
    aware = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    date = parse_date(format_datetime(aware))
    assert date is not None
    assert datetime.fromisoformat(date.text) == aware


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20) | st.from_regex(r"[0-9]{1,4}[-/. T:+Z0-9]{0,20}", fullmatch=True))
def test_what_was_read_reads_back_as_itself_and_nothing_raises(value):
    date = parse_date(value)
    if date is not None:
        again = parse_date(date.text)
        assert again is not None
        assert (again.text, again.micros) == (date.text, date.micros)


@pytest.mark.parametrize(
    ("given", "text", "precision"),
    [
        ("1707326420", "2024-02-07T17:20:20Z", "second"),
        ("1707326420000", "2024-02-07T17:20:20Z", "second"),
        ("1707326420123", "2024-02-07T17:20:20.123000Z", "microsecond"),
        ("2024/2/7", "2024-02-07T00:00:00Z", "day"),
        ("2024.02.07", "2024-02-07T00:00:00Z", "day"),
        ("February 2024", "2024-02-01T00:00:00Z", "month"),
        ("2024-02-07 9:00:00 -0500", "2024-02-07T14:00:00Z", "second"),
        ("20240207T172020Z", "2024-02-07T17:20:20Z", "second"),
        ("2024-02-07 17:20:20+00", "2024-02-07T17:20:20Z", "second"),
    ],
)
def test_what_databases_and_archives_write_is_read(given, text, precision):
    found = parse_date(given)
    assert found is not None
    assert (found.text, found.precision) == (text, precision)


@pytest.mark.parametrize(
    ("value", "text", "precision"),
    [
        ("Feb. 7, 2024 at 5:20 p.m.", "2024-02-07T17:20:00Z", "minute"),
        ("Feb. 7, 2024 at 5:20 p.m. EST", "2024-02-07T22:20:00Z", "minute"),
        ("12:30 a.m.", None, None),
        ("2024-02-07 12:05 AM", "2024-02-07T00:05:00Z", "minute"),
        ("2024-02-07T17:20:20+05:30[Asia/Kolkata]", "2024-02-07T11:50:20Z", "second"),
        ("2024-02-07 17:20:20 PST", "2024-02-08T01:20:20Z", "second"),
        ("Wed Feb 07 17:20:20 +0000 2018", "2018-02-07T17:20:20Z", "second"),
        ("20240207172020", "2024-02-07T17:20:20Z", "second"),
        ("1707326420.5", "2024-02-07T17:20:20.500000Z", "microsecond"),
        ("07-Feb-2024", "2024-02-07T00:00:00Z", "day"),
        ("7th of February 2024", "2024-02-07T00:00:00Z", "day"),
        ("Mittwoch, 7. Februar 2024, 17:20", "2024-02-07T17:20:00Z", "minute"),
        ("le 1er f\u00e9vrier 2024 \u00e0 17:20", "2024-02-01T17:20:00Z", "minute"),
        ("mi\u00e9rcoles 7 de febrero de 2024", "2024-02-07T00:00:00Z", "day"),
        ("7 \u0444\u0435\u0432\u0440\u0430\u043b\u044f 2024", "2024-02-07T00:00:00Z", "day"),
        ("2024\u5e742\u67087\u65e5 17:20", "2024-02-07T17:20:00Z", "minute"),
        ("f\u00e9vrier 2024", "2024-02-01T00:00:00Z", "month"),
        ("Paris, 7 mars 2024", None, None),
        ("32. Februar 2024", None, None),
        ("7 Foo 2024", None, None),
    ],
)
def test_dates_are_read_in_the_forms_of_many_sites(value, text, precision):
    date = parse_date(value)
    assert (date and (date.text, date.precision)) == (text and (text, precision))
