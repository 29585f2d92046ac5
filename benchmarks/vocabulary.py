r"""The words of the synthetic corpus (see corpus.py), and texts composed, rendered, revised, compared.

The words are a constant, the same for every seed: a list that moved with the seed would make two corpora
incomparable in compression and in token counts. A word is exactly one casefolded `\w+` token and no two
words fold to the same one, so the Jaccard similarity of word numbers is that of the texts as written.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint16]
Glue = npt.NDArray[np.uint8]
Sources = tuple[np.random.Philox, np.random.Philox]  # of words, and of the ends of sentences

PSEUDO_WORDS = 24_000
ZIPF_BITS = 18  # the rarest word still owns a slot of the 2**18, so every word can be drawn
WORD_BYTES = 16
LONGEST_WORD = WORD_BYTES - len("\u201c".encode())  # a word may stand behind an opening curly quote
MIN_TOKENS, MAX_TOKENS = 95, 1600  # of a body


def listed(text: str) -> list[str]:
    """The words of a line."""
    return text.split()


FUNCTION_WORDS = listed("""
the of and to in a that is was for it with as his on be at by he this had not are but from or have an they
which one were all her she there would their we him been has when who will no more if out so up said what its
about than into them can only other time new some could these two may first then do any like my now over such
our man me even most made after also did many off before must well back through years much where your way down
should because long each just state those people too how little good very make world still see own work
between life being under three never last while might us great year since against go came right take himself
few use during without again place around home small found say part every four government police city council
""")
FOREIGN_WORDS = listed("""
café naïve façade résumé fiancée déjà cliché élan São Zürich Malmö Århus Łódź Kraków Córdoba
señor mañana niño jalapeño Düsseldorf Köln über schön Straße Gemüse garçon hôtel forêt théâtre
être Brontë Reykjavík þing smørbrød fjällräv pão coração Čapek žena Škoda şehir győr őszi țară
Brașov đồng phở Huế Москва правда город слово улица время земля новый Київ вода жизнь друг мир
Αθήνα λόγος Ελλάδα νερό φως νησί πόλη δρόμος κόσμος ήλιος ώρα
東京 新聞 経済 大学 会社 日本 北京 上海 政府 記者 天気 音楽 서울 신문 경제 시장 かな カメラ ニュース 中文
""")
ONSETS = listed("b bl br c ch cl cr d dr f fl fr g gl gr h j l m n p pl pr r s sc sl sp st str t th tr v w")
NUCLEI = ["a", "e", "i", "o", "a", "e", "i", "o", "ai", "ea", "ee", "ou"]
CODAS = ["", "", "", "", "n", "r", "l", "s", "m", "d", "nd", "st", "rt", "rn", "ng", "lm"]
ENDINGS = ["", "", "", "", "s", "s", "ed", "ing", "er", "ly", "ion", "al", "ment", "ous", "ity", "able"]

FIRST_NAMES = listed("Amir Anna Boris Chidi Elena Farah Grace Hugo Ines Julia Karim Leila Nadia Omar Vera")
SECTIONS = listed("news politics business world local sport culture science technology health opinion travel")
PAPERS = listed("Herald Courier Gazette Post Tribune Observer Chronicle Times Echo Dispatch Mercury")
PLACES = listed("""
Tallow Bramley Corvane Dunmere Eastwick Fennhill Garrow Harlow Inver Juniper Kestrel Larkmoor Merrow Northgate
Osprey Pemberly Quarry Ravensby Saltmarsh Thornbury Ullswick Varden Westmere Yarrow Zephyr Alder Beacon Cinder
Drayton Ember Foxley Granite Hollin Ironbridge Jasper Kelby Linden Marlow Nettle Orchard
""")

# What follows a word has a number too. First stands what is inside a sentence; then the sentence ends, one
# for each (mark, closing quote, end of paragraph, opening quote of the next); then the ends of a body.
INNER = [" ", ", ", "; ", ": ", "-", " - ", "'", " "]
APOSTROPHE = INNER.index("'")
MARKS = [".", "?", "!"]
QUOTES = [("", ""), ('"', '"'), ("\u201c", "\u201d")]
END = len(INNER)
LAST = END + len(MARKS) * len(QUOTES) * 2 * len(QUOTES)
PARAGRAPH = END + len(QUOTES)  # a full stop, no quotes, end of paragraph
BODY_END = "\x1e"  # never part of a text: rendered bodies are cut at it
INNER_BY_DICE = np.array([1] * 16 + [2, 3, 4, 4, 5, 5, APOSTROPHE, APOSTROPHE] + [0] * 232, dtype=np.uint8)


def _quantiles(count: int, median: float, sigma: float, low: int, high: int) -> Ints:
    """A lognormal distribution as a table: a random slot of it is a random length."""
    steps = np.array([NormalDist().inv_cdf((slot + 0.5) / count) for slot in range(count)])
    return np.clip(np.rint(median * np.exp(sigma * steps)), low, high).astype(np.int64)


def zipf_slots(count: int, slots: int, shift: float) -> Words:
    """A table of `slots` entries in which rank r has a share of about 1 / (r + shift)."""
    share = 1.0 / (np.arange(count) + shift)
    edges = np.cumsum(share) / share.sum()
    return np.minimum(np.searchsorted(edges, (np.arange(slots) + 0.5) / slots), count - 1).astype(np.uint16)


BODY_LENGTHS = _quantiles(4096, 306, 0.62, MIN_TOKENS, MAX_TOKENS)
SENTENCE_LENGTHS = _quantiles(256, 18, 0.45, 4, 50)


@dataclass(frozen=True)
class Vocabulary:
    """The words, and the tables that turn random bits into word numbers and those into bytes."""

    words: tuple[str, ...]
    names: tuple[str, ...]
    possessive: int  # the word behind an apostrophe: those below it are ASCII, those above it foreign
    zipf: Words  # ZIPF_BITS random bits -> word number
    forms: npt.NDArray[np.void]  # word number * 4 + form -> NUL-padded bytes
    glue: npt.NDArray[np.uint64]  # glue number -> NUL-padded bytes
    form_after: Glue  # glue number -> form of the word that follows
    ends_paragraph: npt.NDArray[np.bool_]  # by glue number


@dataclass(frozen=True)
class Body:
    """A text: the numbers of its words, and of what follows each word."""

    words: Words
    glue: Glue

    def part(self, start: int, stop: int) -> "Body":
        """A stretch of it, as a view."""
        return Body(self.words[start:stop], self.glue[start:stop])


def _pseudo_words(taken: set[str]) -> list[str]:
    """Pronounceable words, shorter ones at the frequent ranks, with names and numbers strewn in."""
    words: list[str] = []
    source = np.random.Philox(key=np.array([20_150_101, 0], dtype=np.uint64))
    while len(words) < PSEUDO_WORDS:
        for dice in source.random_raw(4096).tolist():
            rank = len(words)
            syllables = 1 + (dice % 2 if rank < 3000 else 1 + dice % 3 // 2)
            raw, word = dice // 6, ""
            for _ in range(syllables):
                for sounds in (ONSETS, NUCLEI, CODAS):
                    raw, pick = divmod(raw, len(sounds))
                    word += sounds[pick]
            word += ENDINGS[raw % len(ENDINGS)]
            if rank % 80 == 40:
                word = str(raw % (2020 if rank % 160 == 40 else 400) + 2)
            elif rank % 16 == 7:
                word = word.capitalize()
            if word.casefold() not in taken and len(word) <= LONGEST_WORD:
                taken.add(word.casefold())
                words.append(word)
    return words[:PSEUDO_WORDS]


@cache
def vocabulary() -> Vocabulary:
    """Build the tables, once per process: it takes a fraction of a second."""
    pseudo = _pseudo_words({word.casefold() for word in [*FUNCTION_WORDS, *FOREIGN_WORDS, "s"]})
    words = [*FUNCTION_WORDS, *pseudo, "s", *FOREIGN_WORDS]
    forms = []
    for word in words:
        forms += [word, *(opening + word[0].upper() + word[1:] for opening, _ in QUOTES)]
    glue, after = INNER[:], [0] * END
    for mark, (_, closing), gap, opens in product(MARKS, QUOTES, (" ", "\n\n"), range(len(QUOTES))):
        glue.append(mark + closing + gap)
        after.append(1 + opens)
    for mark, (_, closing) in product(MARKS, QUOTES):
        glue.append(mark + closing + BODY_END)
        after.append(1)
    padded = b"".join(form.encode().ljust(WORD_BYTES, b"\0") for form in forms)
    return Vocabulary(
        words=tuple(words),
        names=tuple(word for word in pseudo if word[0].isupper()),
        possessive=words.index("s"),
        zipf=zipf_slots(words.index("s"), 1 << ZIPF_BITS, 3.7),
        forms=np.frombuffer(padded, dtype=f"V{WORD_BYTES}"),
        glue=np.frombuffer(b"".join(text.encode().ljust(8, b"\0") for text in glue), dtype=np.uint64),
        form_after=np.array(after, dtype=np.uint8),
        ends_paragraph=np.array([text.endswith("\n\n") for text in glue]),
    )


def bits(source: np.random.Philox, count: int, kind: str) -> npt.NDArray[Any]:
    """`count` numbers of a small unsigned type from whole random words."""
    width = np.dtype(kind).itemsize
    return source.random_raw(-(-count * width // 8)).astype("<u8", copy=False).view(kind)[:count]


def below(raw: npt.NDArray[np.uint64], limit: int) -> Ints:
    """Whole numbers under `limit` (at most 2**32) from random words."""
    return ((raw >> np.uint64(32)) * np.uint64(limit) >> np.uint64(32)).astype(np.int64)


def compose(sources: Sources, sizes: Ints, fancy: Ints) -> Body:
    """New bodies of these sizes, one behind the other; fancy ones have foreign words and curly quotes."""
    table = vocabulary()
    stops = np.cumsum(sizes)
    total = int(stops[-1])
    raw = bits(sources[0], total, "<u4")
    words = table.zipf[raw >> np.uint32(32 - ZIPF_BITS)]
    glue = INNER_BY_DICE[raw & np.uint32(0xFF)]
    foreign = np.flatnonzero(np.repeat(fancy > 0, sizes) & (raw >> np.uint32(8) & np.uint32(31) == 0))
    words[foreign] = table.possessive + 1 + words[foreign] % len(FOREIGN_WORDS)

    # No sentence is under 4 words, so this many lengths always suffice.
    ends = np.cumsum(SENTENCE_LENGTHS[bits(sources[1], total // 4 + 1, "u1")]) - 1
    is_end = np.zeros(total + 3, dtype=bool)
    is_end[ends[ends < total]] = True
    for step in range(3):  # a sentence begins and ends with its body, and what is left is not a word or two
        is_end[stops - 2 - step] = False
        is_end[stops + step] = False
    is_end[stops - 1] = True
    ends = np.flatnonzero(is_end[:total])
    last = np.searchsorted(ends, stops - 1)

    dice = raw[ends] & np.uint32(0xFF)
    mark = np.where(dice % 32 == 5, 1, np.where(dice % 64 == 9, 2, 0))
    quote = (dice % 8 == 3) * (1 + fancy[np.searchsorted(stops, ends, side="right")])
    quote[np.append(0, last[:-1] + 1)] = 0  # nothing stands before the first word of a body
    glue[ends] = END + ((mark * 3 + quote) * 2 + (dice < 77)) * 3 + np.append(quote[1:], 0)
    glue[stops - 1] = LAST + mark[last] * 3 + quote[last]
    words[np.flatnonzero(glue == APOSTROPHE) + 1] = table.possessive
    return Body(words, glue)


def render(bodies: Body) -> list[str]:
    """The texts of bodies that stand one behind the other."""
    table = vocabulary()
    form = np.ones(len(bodies.words), dtype=np.int64)
    form[1:] = table.form_after[bodies.glue[:-1]]
    cells = np.empty(len(bodies.words), dtype=[("word", f"V{WORD_BYTES}"), ("glue", np.uint64)])
    cells["word"] = table.forms[bodies.words.astype(np.int64) * 4 + form]
    cells["glue"] = table.glue[bodies.glue]
    packed = cells.tobytes().translate(None, b"\0")  # one pass in C: far faster than joining words
    return [body.decode() for body in packed.split(BODY_END.encode())[:-1]]


def chained(bodies: list[Body]) -> Body:
    """Bodies one behind the other."""
    words = np.concatenate([body.words for body in bodies])
    return Body(words, np.concatenate([body.glue for body in bodies]))


def _whole(passages: list[Body]) -> Body:
    """Passages as one body: it ends once, at its last word."""
    body = chained(passages)
    body.glue[body.glue >= LAST] = PARAGRAPH
    body.glue[-1] = LAST
    return body


def _passage(plan: list[str], shingles: int, target: float) -> int:
    """How long each edited passage must be for the target: an edit breaks or makes 4 shingles at its seam."""
    lost, gained, seams = len(plan) - plan.count("add"), len(plan) - plan.count("drop"), 4 * len(plan)
    return int((shingles - seams - target * (shingles + seams)) / (lost + target * gained))


def _paragraph_near(starts: Ints, at: int, reach: int) -> int:
    """The start of a paragraph next to a place, or the place where none is within reach."""
    found = int(starts[np.argmin(np.abs(starts - at))]) if len(starts) else at
    return found if abs(found - at) <= reach else at


def revise(body: Body, target: float, dice: int, sources: Sources) -> Body:
    """A few passages replaced, dropped or added, for about this similarity to what it was."""
    tokens = len(body.words)
    for pieces in range(1 + dice % min(6, tokens // MIN_TOKENS), 0, -1):
        plan = [("replace", "replace", "drop", "add")[dice >> 8 + 2 * piece & 3] for piece in range(pieces)]
        size = _passage(plan, tokens - 4, target)
        grown = size * (plan.count("add") - plan.count("drop"))
        if not MIN_TOKENS <= tokens + grown <= MAX_TOKENS or grown > tokens:
            plan = ["replace"] * pieces
            size = _passage(plan, tokens - 4, target)
        if size >= 2:
            break
    else:  # no edit inside the text is small enough: only its end can differ by so little
        return _whole([body.part(0, tokens - max(1, round((tokens - 4) * (1 - target))))])

    fresh = compose(sources, np.array([max(8, size * pieces)]), np.zeros(1, dtype=np.int64))
    starts = np.flatnonzero(vocabulary().ends_paragraph[body.glue]) + 1
    passages, cursor, span = [], 0, tokens // pieces
    for piece, edit in enumerate(plan):
        room = max(1, span - 5 - (0 if edit == "add" else size))
        start = piece * span + (dice >> 20 + 6 * piece & 63) * room // 64
        if edit != "replace":  # whole paragraphs come and go where the text allows it
            start = _paragraph_near(starts, start, span // 6)
        start = max(cursor, start)
        passages.append(body.part(cursor, start))
        cursor = start if edit == "add" else min(start + size, tokens)
        if edit == "drop":
            cursor = max(start + 1, _paragraph_near(starts, cursor, size // 8))
        else:
            passages.append(fresh.part(piece * size, piece * size + size))
        if edit == "add" and start in starts:
            passages[-1].glue[-1] = PARAGRAPH  # a view of `fresh`, which is this revision's own
    return _whole([*passages, body.part(cursor, tokens)])


def jaccard(one: Body, other: Body) -> float:
    """The exact similarity: two texts have few enough words (under 7,100) that five of them fit 64 bits."""
    _, local = np.unique(np.concatenate([one.words, other.words]), return_inverse=True)
    base, cut, sets = int(np.max(local)) + 1, len(one.words), []
    for words in (local[:cut].astype(np.uint64), local[cut:].astype(np.uint64)):
        codes = np.zeros(len(words) - 4, dtype=np.uint64)
        for step in range(5):
            codes = codes * np.uint64(base) + words[step : len(words) - 4 + step]
        sets.append(np.unique(codes))
    shared = len(np.intersect1d(sets[0], sets[1], assume_unique=True))
    return shared / (len(sets[0]) + len(sets[1]) - shared)
