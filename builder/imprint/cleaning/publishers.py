"""Publishers: whose an article is, where no key says so: the site of its address, or the agency in its dateline.

Laws: a site is the registrable domain by the public suffix list, which comes with its package and never from the network;
an agency is read only from a dateline at the head of a text, which is the evidence and is written into `processing`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

PUBLISHER = "publisher@1"
"""Step name: the publisher was read from a dateline."""

HEAD_LINES = 4
"""Lines at the head of a text among which a dateline may begin."""

HEAD_CHARS = 1000
"""A head is no longer than this, however long its lines."""

_DATELINE = re.compile(
    r"(?P<place>[^\W\d_][^()\n:;]{1,60}?)\s*\((?P<agency>[^\W\d_][^()\n]{1,40})\)\s*(?:[-\u2013\u2014]{1,2}|:)(?=\s|\w)"
)
_PARTY = re.compile(r"[A-Z]{1,3}\s*[-\u2013]")
"""`(D-RI)` behind a capitalised name is a party, no agency."""

_ADDRESS = re.compile(r"[0-9.]+|\[.*\]")


def agency_in(text: str) -> tuple[str, str] | None:
    """The agency that a text's dateline names, and the dateline: `TEHRAN (Tasnim) -`; None where there is none.

    The place before it must be written in capitals, as agencies do.
    """
    lines = [line.strip() for line in text[:HEAD_CHARS].split("\n") if not line.isspace()]
    for line in lines[:HEAD_LINES]:
        match = _DATELINE.match(line)
        if match is None or _PARTY.match(match["agency"]):
            continue
        if match["place"].partition(",")[0].strip().isupper():
            return match["agency"].strip(), match[0].strip()
    return None


@lru_cache(maxsize=1 << 16)
def site_of(host: str) -> str:
    """The registrable domain of a host: `news.bbc.co.uk` is of `bbc.co.uk`; a host that has none is itself."""
    host = host.lower().rstrip(".")
    if _ADDRESS.fullmatch(host):
        return host
    return _suffixes().privatesuffix(host) or host


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - its list takes 30 ms to read

    return PublicSuffixList()
