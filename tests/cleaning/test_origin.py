"""Publishers, domains, languages, dates in file names, and wrong decodings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imprint.cleaning.file_names import date_in_name
from imprint.cleaning.languages import detect, language_tag
from imprint.cleaning.mojibake import broken
from imprint.cleaning.publishers import agency_in, site_of


@pytest.mark.parametrize(
    ("text", "agency", "dateline"),
    [
        ("TEHRAN (Tasnim) - The minister said", "Tasnim", "TEHRAN (Tasnim) -"),
        ("NEW DELHI, March 3 (Reuters) \u2013 The", "Reuters", "NEW DELHI, March 3 (Reuters) \u2013"),
        ("S\u00c3O PAULO (AP) \u2014 The", "AP", "S\u00c3O PAULO (AP) \u2014"),
        ("The headline\n\n2024-02-03\nKABUL (Pajhwok): The", "Pajhwok", "KABUL (Pajhwok):"),
    ],
)
def test_an_agency_is_read_from_a_dateline(text: str, agency: str, dateline: str) -> None:
    assert agency_in(text) == (agency, dateline)


@pytest.mark.parametrize(
    "text",
    [
        "(Washington, D.C.) \u2014 On Saturday",
        "Tehran (Tasnim) - no capitals",
        "SENATOR JANE DOE (D-RI) - today",
        "Some words\nand more\nand more\nand more\nROME (Ansa) - too deep",
        "THE REPORT (see above) which",
        "",
    ],
)
def test_what_is_no_dateline_names_no_agency(text: str) -> None:
    assert agency_in(text) is None


@pytest.mark.parametrize(
    ("host", "site"),
    [("news.bbc.co.uk", "bbc.co.uk"), ("WWW.Example.COM.", "example.com"), ("a.b.github.io", "b.github.io"),
     ("co.uk", "co.uk"), ("localhost", "localhost"), ("192.168.1.1", "192.168.1.1"), ("[::1]", "[::1]"),
     ("www.city.kobe.jp", "city.kobe.jp"), ("a.xn--80ak6aa92e.xn--p1ai", "xn--80ak6aa92e.xn--p1ai")],
)  # fmt: skip
def test_the_site_of_a_host_is_its_registrable_domain(host: str, site: str) -> None:
    assert site_of(host) == site


@given(st.text(max_size=60))
def test_any_host_has_a_site_which_is_its_own(host: str) -> None:
    assert site_of(site_of(host)) == site_of(host)


@pytest.mark.parametrize(
    ("given_as", "tag"),
    [("English", "en"), ("eng", "en"), ("ENG", "en"), ("en_us", "en-US"), ("EN", "en"), ("deu", "de"), ("ger", "de"),
     ("Persian", "fa"), ("fas", "fa"), ("zh-hans", "zh-Hans"), ("pt-br", "pt-BR"), ("iw", "he"), (" en ", "en"),
     ("Deutsch", "de"), ("a language", "a language"), ("", "")],
)  # fmt: skip
def test_a_language_becomes_its_tag(given_as: str, tag: str) -> None:
    assert language_tag(given_as) == tag


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The council met on Monday and spoke about the harbour for a long time.", "en"),
        ("Der Rat hat am Montag getagt und lange \u00fcber den Hafen gesprochen.", "de"),
        (
            "\u0628\u0631\u0627\u06cc \u0646\u062e\u0633\u062a\u06cc\u0646 \u0628\u0627\u0631 \u062f\u0631 \u0627\u06cc\u0646 \u0634\u0647\u0631 \u0686\u0646\u06cc\u0646 \u0645\u06cc\u200c\u0634\u0648\u062f \u06a9\u0647 \u067e\u06cc\u0634 \u0627\u0632 \u0627\u06cc\u0646 \u0646\u0628\u0648\u062f",
            "fa",
        ),
    ],
)
def test_the_model_names_the_language_of_a_text(text: str, language: str) -> None:
    pytest.importorskip("py3langid")
    found = detect(text)
    assert found is not None
    assert found[0] == language
    assert 0.9 <= found[1] <= 1


def test_the_model_abstains_where_it_is_not_sure() -> None:
    pytest.importorskip("py3langid")
    assert detect("12345 67") is None


@pytest.mark.parametrize(
    ("stem", "date", "seen"),
    [
        ("2024-02-07-storm", "2024-02-07", "2024-02-07"),
        ("20240207_storm", "2024-02-07", "20240207"),
        ("07Feb2024Storm12", "2024-02-07", "07Feb2024"),
        ("storm-2024_02_07", "2024-02-07", "2024_02_07"),
        ("7-february-2024-storm", "2024-02-07", "7-february-2024"),
    ],
)
def test_a_date_is_read_from_a_file_s_name(stem: str, date: str, seen: str) -> None:
    found = date_in_name(stem)
    assert found is not None
    assert (found[0].text[:10], found[0].precision, found[1]) == (date, "day", seen)


@pytest.mark.parametrize(
    "stem",
    ["storm", "000_7743d5883f8a5881", "20240207", "2024-13-07-x", "12345678-x", "2024-02", "02-07-2024"],
)
def test_what_is_no_whole_date_in_a_name_is_none(stem: str) -> None:
    assert date_in_name(stem) is None


def test_wrong_decodings_are_found_and_sound_texts_are_not() -> None:
    sound = [
        "plain", "caf\u00e9 and na\u00efve \u2014 \u201cquoted\u201d", "NU\u00c2NCE, N\u00c3O, \u00c3\u201d".replace("\u00c3\u201d", "\u00c3o"), "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0442\u0435\u043a\u0441\u0442",
        "Se\u00f1or \u00bfqu\u00e9? \u00c2ncora",
    ]  # fmt: skip
    wrong = [
        "caf\u00e9".encode().decode("cp1252"),
        "it\u2019s".encode().decode("cp1252"),
        "it\u2019s".encode().decode("latin-1"),
        "\u041c\u043e\u0441\u043a\u0432\u0430 \u0433\u043e\u0440\u043e\u0434".encode().decode(
            "cp1251", "replace"
        ),
        "lost \ufffd character",
    ]
    assert broken(sound + wrong) == list(range(len(sound), len(sound) + len(wrong)))
