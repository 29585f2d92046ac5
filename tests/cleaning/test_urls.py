"""URLs: one spelling for each address."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.cleaning.urls import canonical_url, domain_of
from imprint.validation import Validator

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PIECE = st.text(st.sampled_from('abcXYZ09-._~%/?&=+:;,@!é ü\t|[]\\^`{}"<>#中'), max_size=12)
HOST = st.sampled_from(
    ["example.org", "WWW.Example.ORG", "münchen.example", "127.0.0.1", "[::1]", "[2001:DB8::A]"]
)
URL = st.builds(
    "{}://{}{}/{}?{}#{}".format,
    st.sampled_from(["http", "https", "HTTP", "HttpS"]), HOST, st.sampled_from(["", ":80", ":443", ":8080"]), PIECE,
    PIECE, PIECE,
)  # fmt: skip


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://example.org", "https://example.org/"),
        ("HTTPS://Example.ORG/Path", "https://example.org/Path"),
        ("http://example.org:80/", "http://example.org/"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("https://example.org:80/a", "https://example.org:80/a"),
        ("https://example.org/a#part", "https://example.org/a"),
        ("https://example.org/a?", "https://example.org/a"),
        ("https://example.org/a?utm_source=x&id=7&utm_medium=y", "https://example.org/a?id=7"),
        ("https://example.org/a?fbclid=1", "https://example.org/a"),
        ("https://example.org/a?UTM_Source=1&gclid=2", "https://example.org/a"),
        ("https://example.org/a?b=2&a=1", "https://example.org/a?b=2&a=1"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("https://example.org/é", "https://example.org/%C3%A9"),
        ("https://example.org/%C3%A9", "https://example.org/%C3%A9"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ("https://example.org/?q=ü|x", "https://example.org/?q=%C3%BC%7Cx"),
        ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
        ("https://[2001:DB8::1]:8080/a", "https://[2001:db8::1]:8080/a"),
        ("https://user:pw@Example.org/", "https://user:pw@example.org/"),
        (" https://example.org/a\n", "https://example.org/a"),
        ("https://example.org/a/../b//c", "https://example.org/a/../b//c"),
    ],
)
def test_an_address_has_one_spelling(url, canonical):
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    "key", ["utm", "ref", "source", "id", "utmx_source", "fbclids", "gclid2", "page", "mc_x", ""]
)
def test_an_unknown_query_parameter_is_never_dropped(key):
    url = f"https://example.org/a?{key}=1"
    assert canonical_url(url) == url


@settings(max_examples=300, deadline=None)
@given(URL | TEXT | PIECE.map("http://".__add__))
def test_canonical_is_idempotent(url):
    once = canonical_url(url)
    assert canonical_url(once) == once


@settings(max_examples=150, deadline=None)
@given(URL)
def test_a_canonical_address_is_a_uri_by_rfc_3986(url):
    validator = Validator({"format": "uri", "pattern": "^https?://[^A-Z#]+/"})
    assert validator.is_valid(canonical_url(url)), canonical_url(url)


@settings(max_examples=100, deadline=None)
@given(URL)
def test_fragments_and_tracking_make_no_other_address(url):
    address = url.partition("#")[0].rstrip("?& \t")
    tracked = address + ("&" if "?" in address else "?") + "utm_source=feed#top"
    assert canonical_url(tracked) == canonical_url(address)


@pytest.mark.parametrize(
    "value",
    ["", "example.org/a", "ftp://example.org/", "mailto:a@example.org", "javascript:alert(1)", "http://", "https:///a",
     "http://[::1", "http://example.org:port/", "http://example.org:99999/", "/a/b", "not a url"],
)  # fmt: skip
def test_what_is_no_http_address_comes_back_as_it_was(value):
    assert canonical_url(value) == value


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://example.org/a", "example.org"),
        ("https://www.example.org/a", "example.org"),
        ("https://news.example.org:8080/a", "news.example.org"),
        ("https://user@example.org/a@b", "example.org"),
        ("https://[2001:db8::1]:8080/a", "[2001:db8::1]"),
        ("not a url", None),
    ],
)
def test_the_domain_is_the_host_without_www_user_and_port(url, domain):
    assert domain_of(url) == domain
