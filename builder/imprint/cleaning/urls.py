"""URLs: one spelling for each address, so that it can be an identity.

Laws: canonical is idempotent; an unknown query parameter is never dropped; what is not an http(s) URL comes back as it
was, for validation to reject.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|mc_[ce]id|igshid|yclid|_hs(?:enc|mi)", re.IGNORECASE
)
"""Query parameters that name the way to a page, not the page."""

_PLAIN = re.compile(r"https?://[a-z0-9.-]+/[A-Za-z0-9/._~-]*", re.ASCII)
"""URLs that are canonical at a glance: nearly all of them."""

_SAFE_PATH = "/:@!$&'()*+,;=~-._%"
_SAFE_QUERY = _SAFE_PATH + "?"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical_url(url: str) -> str:
    """The canonical spelling of a URL: lower-case scheme and host, no default port, fragment or tracking parameter.

    Characters that RFC 3986 does not allow are percent-encoded, in capitals; hosts in other scripts are Punycode.
    """
    url = url.strip()
    if _PLAIN.fullmatch(url):
        return url
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return url
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not host:
        return url
    try:
        # IPv6 hosts have colons and stand in brackets; others are IDNA where they are not ASCII.
        host = f"[{host}]" if ":" in host else host if host.isascii() else _punycode(host)
    except UnicodeError:
        return url
    user = parts.netloc.rpartition("@")[0]
    netloc = (f"{_quoted(user, _SAFE_PATH)}@" if user else "") + host
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        netloc += f":{port}"
    kept = [pair for pair in parts.query.split("&") if not TRACKING.fullmatch(pair.partition("=")[0])]
    query = "&".join(kept) if parts.query else ""
    return urlunsplit(
        (scheme, netloc, _quoted(parts.path or "/", _SAFE_PATH), _quoted(query, _SAFE_QUERY), "")
    )


def domain_of(url: str) -> str | None:
    """The host of a canonical URL without a leading `www.`."""
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
    host = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return host.removeprefix("www.") or None


_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _quoted(part: str, safe: str) -> str:
    # A percent sign that encodes nothing is itself encoded; one that does stays, so that quoting is idempotent.
    quoted = quote(_STRAY_PERCENT.sub("%25", part), safe=safe)
    return _ENCODED.sub(lambda match: match[0].upper(), quoted) if "%" in quoted else quoted


def _punycode(host: str) -> str:
    """A host in another script as DNS knows it (IDNA 2008 with the mapping of UTS 46)."""
    import idna  # noqa: PLC0415 - its tables are large and hardly any URL needs them

    return idna.encode(host, uts46=True).decode()
