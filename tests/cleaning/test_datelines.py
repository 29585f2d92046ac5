"""Date lines: off the text where they say nothing else than the article's date."""

from __future__ import annotations

import pytest

from imprint.cleaning.datelines import take_date_line

BODY = "An apartment building was repaired.\n\nNobody complained."


@pytest.mark.parametrize(
    "line", ["Friday, January 4, 2019", "2019-01-04", "4 January 2019", "2019-01-04 10:20:30"]
)
def test_a_date_line_goes_where_it_is_the_article_s_date_or_there_is_none(line: str) -> None:
    for published in ("2019-01-04T00:00:00Z", None):
        taken = take_date_line(f"{line}\n\n{BODY}", published)
        assert taken is not None
        assert taken[0] == BODY
        assert taken[1].text.startswith("2019-01-04")


@pytest.mark.parametrize(
    ("text", "published"),
    [
        (f"January 5, 2019\n\n{BODY}", "2019-01-04T00:00:00Z"),
        (f"On January 4, 2019\n\n{BODY}", None),
        (f"January 4, 2019: {BODY}", None),
        (BODY, None),
        ("January 4, 2019", None),
        ("January 4, 2019\n\n ", None),
        ("", None),
    ],
)
def test_any_other_line_stays(text: str, published: str | None) -> None:
    assert take_date_line(text, published) is None
