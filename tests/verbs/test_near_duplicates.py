"""Near duplicates: what becomes of families of texts in one release, and of newcomers among what is published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import pytest

import imprint
from imprint.releases.accounting import FATES
from tests.verbs.stories import EVEN, Project, Row, Words, likeness, page, retold, words_of

Make = Callable[..., Project]

KEEP_ALL = EVEN | {'keep = "first"': 'keep = "all"'}
BY_SOURCE = {
    'strategy = "hash"': 'strategy = "source"',
    "[parquet]": '[splits.source]\ntest = ["b.example"]\n\n[parquet]',
}
OTHERS = [page(number, words_of(number)) for number in range(9_000, 9_006)]
"""Articles that are like nothing else."""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A function that lays out a project and releases a first crawl: `make(articles, folder="other", recipe=…)`."""

    def project(
        articles: Sequence[Row], *, folder: str = "project", recipe: dict[str, str] = EVEN
    ) -> Project:
        made = Project.in_folder(tmp_path / folder, recipe)
        made.release("first.jsonl", articles)
        return made

    return project


def counted(project: Project) -> dict[str, int]:
    """The fates that any record of the last build had."""
    counts = project.last.accounting
    return {fate: counts[fate] for fate in FATES if counts[fate]}


def text(words: Words) -> str:
    return " ".join(words)


def near_duplicates(project: Project) -> list[tuple[str, str]]:
    """Published pairs that are as alike as near duplicates."""
    rows = project.rows.values()
    return [
        (one["url"], other["url"])
        for one, other in combinations(rows, 2)
        if likeness(one["text"], other["text"]) >= 0.8
    ]


def in_split(project: Project, split: str) -> int:
    """The number of a page of a split."""
    return next(number for number, row in project.by_page.items() if row["split"] == split)


def test_of_ten_thousand_identical_texts_one_is_kept(make: Make) -> None:
    project = make([page(number, words_of(0)) for number in range(10_000)])
    assert counted(project) == {"exact_duplicates": 9_999, "new": 1}
    assert {fate["because"] for fate in project.fates} == {None, *project.rows}


def test_short_texts_are_alike_only_where_their_words_are(make: Make) -> None:
    texts = ["Fire in port", "Fire, in port!", "Fire in the port", "Fire in the old port tonight", "Fire"]
    project = make([*(page(number, [one]) for number, one in enumerate(texts)), *OTHERS])
    assert counted(project) == {"near_duplicates": 1, "new": 4 + len(OTHERS)}
    assert len({row["dup_cluster"] for row in project.rows.values()}) == 4 + len(OTHERS)


@pytest.mark.parametrize(
    ("changed", "fate", "together"),
    [(6, "near_duplicates", True), (7, "new", True), (18, "new", True), (19, "new", False)],
)
def test_the_thresholds_belong_to_what_is_above_them(
    make: Make, changed: int, fate: str, together: bool
) -> None:
    copy = retold(words_of(0), changed, "copy")
    project = make([page(0, words_of(0), date="2024-01-01"), page(1, copy), *OTHERS])
    alike = likeness(text(words_of(0)), text(copy))
    assert (alike >= 0.8, alike >= 0.5) == (fate == "near_duplicates", together)
    assert project.fate_of(1)["fate"] == fate
    clusters = {row["dup_cluster"] for number, row in project.by_page.items() if number < 2}
    assert len(clusters) == (1 if together else 2)


def test_a_text_that_contains_another_is_compared_as_any_other(make: Make) -> None:
    long = words_of(0)
    parts = {1: long[:50], 2: long[:35], 3: long[:15]}
    articles = [page(number, part) for number, part in parts.items()]
    project = make([page(0, long, date="2024-01-01"), *articles, *OTHERS])
    assert [project.fate_of(number)["fate"] for number in parts] == ["near_duplicates", "new", "new"]
    cluster = {number: row["dup_cluster"] for number, row in project.by_page.items()}
    assert cluster[0] == cluster[2] != cluster[3]


def test_a_thousand_pages_of_one_boilerplate_are_one_cluster(make: Make) -> None:
    frame = words_of("frame", 120)
    project = make([*(page(number, [*frame, *words_of(number, 20)]) for number in range(1_000)), *OTHERS])
    pages = [row for number, row in project.by_page.items() if number < 1_000]
    assert counted(project)["new"] == 1_000 + len(OTHERS)
    assert len({(row["dup_cluster"], row["split"]) for row in pages}) == 1


def test_of_a_thousand_near_copies_the_earliest_is_kept(make: Make) -> None:
    frame = words_of("frame", 120)
    copies = [page(number, [*frame, *words_of(number, 5)]) for number in range(1, 1_000)]
    project = make([*copies, page(0, [*frame, "first"], date="2024-01-01"), *OTHERS])
    assert counted(project) == {"near_duplicates": 999, "new": 1 + len(OTHERS)}
    assert 0 in project.by_page


def test_no_near_copies_are_kept_where_what_they_copy_is_dropped(make: Make) -> None:
    # The second is dropped for the first; the copies of the second are not near enough to the first for that.
    first = words_of(0, 404)
    second = retold(first, 44, "second")
    copies = [page(number, [f"copy{number}", *second[1:]], date="2024-01-03") for number in range(2, 122)]
    pages = [page(0, first, date="2024-01-01"), page(1, second, date="2024-01-02"), *copies]
    assert likeness(pages[0]["text"], pages[1]["text"]) >= 0.8 > likeness(pages[0]["text"], pages[2]["text"])
    project = make([*pages, *OTHERS])
    assert project.fate_of(1)["fate"] == "near_duplicates"
    assert len(near_duplicates(project)) == 0
    assert counted(project)["near_duplicates"] == 120


def test_no_near_copies_are_kept_where_what_they_copy_is_withheld(make: Make) -> None:
    project = make([page(number, words_of(number, 404)) for number in range(8)])
    number = in_split(project, "test")
    leaking = retold(words_of(number, 404), 133, "leaking")
    copies = [page(n, [f"copy{n}", *leaking[1:]], date="2024-06-02") for n in range(200, 320)]
    project.release("more.jsonl", [page(100, leaking, date="2024-06-01"), *copies])
    assert project.fate_of(100)["fate"] == "withheld"
    assert len(near_duplicates(project)) == 0


def test_texts_in_a_crowd_leak_no_more_than_alone(make: Make) -> None:
    # Of each crowd the first is not alike to the lone text, by one shingle; all others are.
    lone = [words_of(f"lone{family}", 3_004) for family in range(5)]
    articles = []
    for number, words in enumerate(lone):
        base, common = 100 * number, retold(words, 1_000, f"crowd{number}")
        first, others = ["first", *common[1:]], [[*common[:-1], f"copy{n}"] for n in range(80)]
        assert likeness(text(first), text(words)) < 0.5 <= likeness(text(others[0]), text(words))
        articles += [page(base, words, date="2024-01-02"), page(base + 1, first, date="2024-01-01")]
        articles += [page(base + 2 + n, one, date="2024-01-03") for n, one in enumerate(others)]
    pages = make([*articles, *OTHERS], recipe=KEEP_ALL).by_page
    leaks = [n for n, row in pages.items() if n < 9_000 and row["split"] != pages[n // 100 * 100]["split"]]
    assert leaks == []


def test_pages_of_one_template_leak_no_more_than_others(make: Make) -> None:
    # Two pages are not quite alike for their template, two of a pair are for the little more that they share.
    frame, articles = words_of("frame", 134), []
    for number in range(600):
        shared = [*frame, *words_of(f"pair{number}", 9)]
        articles += [
            page(2 * number + side, [*shared, *words_of(f"page{number}x{side}", 57)]) for side in (0, 1)
        ]
    one, other, third = (article["text"] for article in articles[:3])
    assert likeness(one, third) < 0.5
    assert likeness(one, other) > 0.54
    pages = make(articles).by_page
    assert [n for n in range(0, 1_200, 2) if pages[n]["split"] != pages[n + 1]["split"]] == []


def test_a_copy_of_a_near_duplicate_is_no_exact_duplicate_of_what_is_kept(make: Make) -> None:
    copy = retold(words_of(0), 1, "copy")
    project = make([page(0, words_of(0), date="2024-01-01"), page(1, copy), page(2, copy), *OTHERS])
    for number in (1, 2):
        fate = project.fate_of(number)
        assert (fate["fate"], fate["because"]) == ("near_duplicates", project.by_page[0]["id"])


def test_with_keep_all_near_duplicates_are_kept_in_one_cluster(make: Make) -> None:
    pages = [page(0, words_of(0), date="2024-01-01"), page(1, retold(words_of(0), 1, "copy"))]
    project = make([*pages, *OTHERS], recipe=KEEP_ALL)
    assert counted(project) == {"new": 2 + len(OTHERS)}
    project.release("more.jsonl", [page(2, retold(words_of(0), 2, "other"), date="2023-01-01")])
    rows = [project.by_page[number] for number in range(2)]
    assert {row["dup_cluster"] for row in rows} == {rows[0]["id"]}
    split = rows[0]["split"]
    assert project.fate_of(2)["fate"] == ("new" if split == "train" else "withheld")


def test_a_bridge_between_train_and_test_is_withheld_and_names_both(make: Make) -> None:
    # Each pair shares its first 33 words: too little for a cluster, but a mixture is near to both.
    pairs = {n: (words_of(n), retold(words_of(n), 25, n)) for n in range(20)}
    articles = [page(2 * n + side, one) for n, pair in pairs.items() for side, one in enumerate(pair)]
    project = make(articles)
    pages = project.by_page
    n = next(n for n in pairs if {pages[2 * n]["split"], pages[2 * n + 1]["split"]} == {"train", "test"})
    one, other = pairs[n]
    bridge = [*one[:45], *other[45:]]
    assert likeness(text(one), text(other)) < 0.5
    assert min(likeness(text(bridge), text(side)) for side in (one, other)) >= 0.5
    project.release("bridge.jsonl", [page(100, bridge), page(101, words_of(101))])
    fate = project.fate_of(100)
    ends = pages[2 * n], pages[2 * n + 1]
    assert (fate["fate"], 100 in project.by_page) == ("withheld", False)
    assert fate["because"] in {row["id"] for row in ends}
    [finding] = [finding for finding in project.last.findings if finding.code == "withheld"]
    assert finding.place is not None
    assert (finding.place.file, finding.place.row) == ("bridge.jsonl", 1)
    for row in ends:
        assert f"{row['id']} in {row['split']}" in finding.message


def test_newcomers_beside_train_join_it_and_those_beside_test_stay_out(make: Make) -> None:
    project = make([page(number, words_of(number)) for number in range(8)])
    of_train, of_test = in_split(project, "train"), in_split(project, "test")
    published = {
        split: project.by_page[number]["id"] for split, number in (("train", of_train), ("test", of_test))
    }
    for release, first in enumerate((100, 200)):
        near = [retold(words_of(number), 3 + release, f"near{first}") for number in (of_train, of_test)]
        related = [retold(words_of(number), 12, f"far{first}") for number in (of_train, of_test)]
        crawl = [page(first + number, one) for number, one in enumerate([*near, *related])]
        project.release(f"crawl-{first}.jsonl", crawl)
        told = [project.fate_of(first + number) for number in range(4)]
        assert [fate["fate"] for fate in told] == ["near_duplicates", "near_duplicates", "new", "withheld"]
        assert [told[0]["because"], told[1]["because"]] == [published["train"], published["test"]]
        assert told[3]["because"] == published["test"]
        assert project.by_page[first + 2]["dup_cluster"] == published["train"]
    assert [row["split"] for row in project.rows.values()].count("train") == 2 + sum(
        row["split"] == "train" for row in project.versions["1.0.0"].values()
    )
    assert imprint.verify(project.folder.parent, load=False).ok


def test_a_text_is_never_dropped_for_one_that_is_withheld(make: Make) -> None:
    # Both have the same text; the earlier belongs to the test split, which takes nothing more.
    first = [page(n, words_of(n), url=f"https://{'ab'[n % 2]}.example/{n}") for n in range(6)]
    project = make(first, recipe=BY_SOURCE)
    late = page(20, words_of(20), url="https://b.example/20", date="2024-06-01")
    project.release("more.jsonl", [late, page(21, words_of(20), date="2024-06-02")])
    assert project.fate_of(20)["fate"] == "withheld"
    assert project.by_page[21]["split"] == "train"


def test_what_was_withheld_once_leaves_no_trace_in_the_ledger(make: Make) -> None:
    # The third crawl is like what was withheld of the second, and not like the test split.
    articles = [page(number, words_of(number)) for number in range(8)]
    projects = [make(articles, folder=folder) for folder in ("whole", "latest")]
    leaking = retold(words_of(in_split(projects[0], "test")), 18, "leaking")
    crawls = [
        [page(100, leaking, date="2024-06-02"), page(101, words_of(101))],
        [page(102, [*leaking[5:], *words_of(102, 5)], date="2024-06-01")],
    ]
    for project in projects:
        for number, crawl in enumerate(crawls):
            project.release(f"crawl-{number}.jsonl", crawl, replace=project is projects[1])
        assert 102 in project.by_page
    assert projects[0].ledger == projects[1].ledger
