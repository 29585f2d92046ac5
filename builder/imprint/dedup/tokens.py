r"""Tokens: the words of a text, as hashes of a whole batch at once.

Laws: a token is a casefolded run of word characters (`\w+`), in scripts that write no spaces each character; the hash of
a token depends on the token alone, whichever of the three ways it was found. Texts of ASCII are read as bytes; other
texts are first folded by a table of characters; the few characters that a table cannot fold, because they become two,
send their text through the regular expression that defines a token.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import xxhash

Hashes = npt.NDArray[np.uint64]
Offsets = npt.NDArray[np.int64]

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Tibetan, Myanmar, Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""Characters of scripts that write no spaces between words."""

_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")

_PUNCTUATION = re.compile(rb"\xe2\x80[\x80-\xbf]")
"""U+2000 to U+203F in UTF-8: dashes, quotes, ellipses and spaces. Most texts have nothing else beyond ASCII."""

_TABLED = 0x20000
"""Characters below this stand in the table; above it come rare Han and hardly anything else."""

_HARD = 0xFFFFFFFF
"""In the table: a character that the regular expression must look at."""

_ALONE = 0x80000000
"""In the table, added to a character that is a token by itself."""

LONG = 64
"""Bytes of a token from which it is hashed by itself: a text without any space must not be walked eight bytes at a time."""

_END = b"\0" * 16
"""Behind the last text, so that words of eight bytes can be read there."""

_WORD_BYTES = np.array([(1 << (8 * count)) - 1 for count in range(9)], np.uint64)
"""Masks of the first bytes of a word of eight."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a batch of texts."""

    hashes: Hashes
    """One behind the other."""
    offsets: Offsets
    """Where the tokens of each text begin, and the end of the last one."""


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order: the definition, which `token_hashes` computes in bulk."""
    return _TOKEN.findall(text.casefold())


def token_hashes(texts: Sequence[bytes]) -> Tokens:
    """The tokens of a batch of texts.

    Args:
        texts: the texts as UTF-8.
    """
    pieces = _folded(texts)
    blob = b"\0".join([*pieces, _END]).translate(_ascii_table())
    lengths = np.fromiter(map(len, pieces), np.int64, len(pieces)) + 1
    borders = np.concatenate([[0], np.cumsum(lengths)])
    starts, sizes = _runs(blob)
    hashes = _hashed(blob, starts, sizes)
    return Tokens(hashes, np.searchsorted(starts, borders).astype(np.int64))


def _folded(texts: Sequence[bytes]) -> list[bytes]:
    """The texts, in which everything beyond ASCII is a casefolded word character."""
    pieces = list(texts)
    foreign = []
    for index, text in enumerate(pieces):
        if not text.isascii():
            pieces[index] = _PUNCTUATION.sub(b" ", text)
            if not pieces[index].isascii():
                foreign.append(index)
    if foreign:
        for index, piece in zip(foreign, _by_table([pieces[index] for index in foreign]), strict=True):
            pieces[index] = piece
    return pieces


def _by_table(texts: Sequence[bytes]) -> list[bytes]:
    """Texts beyond ASCII, folded a character at a time."""
    # The only letter of Western Europe that folds to two: German would else take the long way.
    decoded = [text.decode().replace("ß", "ss") for text in texts]
    whole = np.frombuffer("".join(decoded).encode("utf-32-le"), np.uint32)
    folded = _table()[np.minimum(whole, _TABLED)]
    borders = np.cumsum([len(text) for text in decoded])
    hard = set(np.searchsorted(borders, np.flatnonzero(folded == _HARD), side="right").tolist())
    folded, ends = _set_apart(folded, borders)
    pieces = []
    start = 0
    for index, end in enumerate(ends.tolist()):
        if index in hard:
            pieces.append(b" ".join(token.encode() for token in tokens(decoded[index])))
        else:
            pieces.append(folded[start:end].tobytes().decode("utf-32-le").encode())
        start = end
    return pieces


def _set_apart(folded: npt.NDArray[np.uint32], ends: Offsets) -> tuple[npt.NDArray[np.uint32], Offsets]:
    """Put a zero on each side of the characters that are tokens by themselves; also where the texts end then."""
    alone = (folded >= _ALONE) & (folded != _HARD)
    if not alone.any():
        return folded, ends
    spread = np.repeat(folded, np.where(alone, 3, 1))
    behind = np.cumsum(np.where(alone, 3, 1))
    last = behind[alone] - 1
    spread[last] = spread[last - 2] = 0
    spread[last - 1] -= np.uint32(_ALONE)
    return spread, behind[ends - 1]


@cache
def _table() -> npt.NDArray[np.uint32]:
    """What each character folds to: a word character, 0 for all others, _HARD where one number cannot say it."""
    table = np.full(_TABLED + 1, _HARD, np.uint32)
    for code in range(_TABLED):
        folded = chr(code).casefold()
        if len(folded) == 1:
            table[code] = ord(folded) if folded.isalnum() or folded == "_" else 0
    for code in map(ord, re.findall(f"[{_UNSPACED}]", "".join(map(chr, range(_TABLED))))):
        table[code] = code + _ALONE
    return table


@cache
def _ascii_table() -> bytes:
    """Bytes to themselves or small letters, what is in no word to zero; bytes beyond ASCII were folded before."""
    kept = {code for code in range(128) if chr(code).isalnum() or chr(code) == "_"} | set(range(128, 256))
    return bytes(ord(chr(code).lower()) if code < 128 else code for code in range(256)).translate(
        bytes(code if code in kept else 0 for code in range(256))
    )


def _runs(blob: bytes) -> tuple[Offsets, Offsets]:
    """Where each run of bytes that are not zero begins, and how long it is."""
    inside = np.frombuffer(blob, np.uint8) != 0
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    if inside[0]:
        edges = np.concatenate([[0], edges])
    return edges[0::2], edges[1::2] - edges[0::2]


def _hashed(blob: bytes, starts: Offsets, sizes: Offsets) -> Hashes:
    """A hash of each run: its bytes in words of eight, mixed by multiplication (after MurmurHash3's finaliser)."""
    # Each offset of the blob as the beginning of a word: nothing is copied.
    words = np.ndarray((len(blob) - 7,), np.dtype("<u8"), blob, strides=(1,))
    hashes: Hashes = words[starts] & _WORD_BYTES[np.minimum(sizes, 8)]
    hashes += sizes.astype(np.uint64)
    hashes *= np.uint64(0x9E3779B97F4A7C15)
    hashes ^= hashes >> np.uint64(29)
    for index in np.flatnonzero(sizes > LONG).tolist():
        start = int(starts[index])
        hashes[index] = xxhash.xxh3_64_intdigest(blob[start : start + int(sizes[index])])
    left = np.flatnonzero((sizes > 8) & (sizes <= LONG))
    done = 8
    while len(left):
        further = words[starts[left] + done] & _WORD_BYTES[np.minimum(sizes[left] - done, 8)]
        mixed = (hashes[left] ^ further) * np.uint64(0xFF51AFD7ED558CCD)
        hashes[left] = mixed ^ (mixed >> np.uint64(32))
        done += 8
        left = left[sizes[left] > done]
    hashes *= np.uint64(0xC4CEB9FE1A85EC53)
    hashes ^= hashes >> np.uint64(32)
    return hashes
