"""The recipe: its defaults, its faults in words, and what its digest covers."""

from __future__ import annotations

import dataclasses

import orjson
import pytest

from imprint.errors import UsageError
from imprint.project import template
from imprint.recipe import Recipe, SourceLines
from imprint.recipe.reading import parse_recipe, parse_size

HEAD = '[dataset]\nname = "acme/newswire"\n'


@pytest.fixture(scope="module")
def schema() -> dict:
    return orjson.loads((template("imprint.toml").parent / "schema/recipe.schema.json").read_bytes())


@pytest.fixture
def read(schema):
    return lambda text: parse_recipe(text, schema)


@pytest.fixture
def fault(schema):
    def message(text: str) -> str:
        with pytest.raises(UsageError) as caught:
            parse_recipe(text, schema)
        return str(caught.value)

    return message


def test_the_template_says_nothing_but_the_defaults(read):
    assert read(template("imprint.toml").read_text()) == read(HEAD)


def test_the_defaults_are_those_of_the_design(read):
    recipe = read(HEAD)
    assert recipe.input.paths == ("data/raw",)
    assert recipe.input.corrections == "hold"
    assert (recipe.dedup.drop_at, recipe.dedup.group_at, recipe.dedup.keep) == (0.8, 0.5, "first")
    assert dict(recipe.splits.ratios) == {"train": 0.9, "validation": 0.05, "test": 0.05}
    assert (recipe.splits.strategy, recipe.splits.salt, recipe.splits.grow) == ("hash", "imprint", "train")
    assert recipe.shard_bytes == 300_000_000
    assert recipe.max_rejected == 0.05
    assert recipe.targets == ("data/releases",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[dedupe]\n", "unknown key dedupe: did you mean dedup?"),
        ("[dedup]\ndrop = 0.9\n", "unknown key dedup.drop: did you mean drop_at?"),
        ("[splits]\nratio = {train = 1.0}\n", "unknown key splits.ratio: did you mean ratios?"),
        ("[parquet]\nxyzzy = 1\n", "known are shard_bytes"),
        ("[clean]\nsource_lines = {min_article = 3}\n", "did you mean min_articles?"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(fault, text, said):
    assert said in fault(HEAD + text)


def test_all_faults_are_reported_together(fault):
    message = fault(
        HEAD
        + '[dedup]\nkeep = "some"\n[splits]\nratios = {test = 0.5}\nsalty = ""\n[limits]\nmax_rejected = 2\n'
    )
    for part in (
        "dedup.keep",
        "splits.ratios: they sum to 0.5",
        "named train",
        "salty",
        "limits.max_rejected",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "dataset"),
        ('[dataset]\nname = "newswire"\n', "dataset.name"),
        (HEAD + "[splits]\nratios = {train = 0.9, test = 0.2}\n", "they sum to 1.1, not to 1"),
        (HEAD + "[splits]\nratios = {train = 1.0, dev-set = 0.0}\n", "splits.ratios"),
        (HEAD + "[dedup]\ndrop_at = 0.4\n", "must not be below group_at"),
        (HEAD + "[dedup]\ndrop_at = nan\n", "dedup.drop_at"),
        (HEAD + '[parquet]\nshard_bytes = "large"\n', "parquet.shard_bytes"),
        (HEAD + "[input]\npaths = []\n", "input.paths"),
        (HEAD + "[input.date_order]\n'*' = 'year-first'\n", "date_order"),
        (HEAD + "[input.sidecars]\n'a.txt' = '{stem}.json'\n", "sidecars"),
        (HEAD + '[splits]\nstrategy = "random"\n', "splits.strategy"),
        (HEAD + '[splits]\nstrategy = "time"\n', "needs [splits.time]"),
        (HEAD + '[splits]\nstrategy = "source"\n[splits.source]\n', "needs [splits.source]"),
        (HEAD + "[splits.time]\ntest_from = 2024-01-01\n", 'the strategy is "hash"'),
        (HEAD + "[splits]\nstrategy = 'time'\n[splits.time]\ntest_from = '1 May'\n", "splits.time.test_from"),
        (HEAD + "[splits]\nstrategy = 'time'\n[splits.time]\nfrom = 2024-01-01\n", "splits.time.from"),
        (
            HEAD + "[splits]\nstrategy = 'time'\n"
            "[splits.time]\nvalidation_from = 2024-02-01\ntest_from = 2024-02-01\n",
            "must be before test_from",
        ),
        (
            HEAD
            + "[splits]\nstrategy = 'source'\n[splits.source]\ntest = ['a.org']\nvalidation = ['a.org']\n",
            "'a.org' stands in test and in validation",
        ),
        ("[dataset\n", "this is not TOML"),
    ],
)
def test_a_wrong_value_is_reported_with_its_key(fault, text, said):
    message = fault(text)
    assert said in message
    assert "imprint.toml" in message


@pytest.mark.parametrize(
    "text", ["splits = 1\n", 'input = "data/raw"\n', "dedup = 3\n", "dedup = [1]\n", "clean = false\n"]
)
def test_a_table_of_another_type_is_a_fault_and_no_traceback(fault, text):
    assert text.split(" ")[0] in fault(text + HEAD)


@pytest.mark.parametrize("value", ["2024-01-01", "2024-01-01T00:00:00Z", "12:00:00"])
def test_a_toml_date_where_a_text_belongs_is_a_fault_and_no_traceback(fault, value):
    assert "title" in fault(HEAD + f"title = {value}\n")


@pytest.mark.parametrize(
    ("given", "expected"),
    [("true", SourceLines()), ("false", None), ("{min_articles = 9}", SourceLines(min_articles=9))],
)
def test_source_lines_are_on_off_or_set(read, given, expected):
    assert read(f"{HEAD}[clean]\nsource_lines = {given}\n").clean.source_lines == expected


def test_lists_become_tuples_so_that_a_recipe_cannot_change(read):
    recipe = read(HEAD + 'languages = ["en"]\n[release]\ntargets = ["a", "b"]\n')
    assert (recipe.dataset.languages, recipe.targets) == (("en",), ("a", "b"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.max_rejected = 1.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[input]\npaths = ["elsewhere"]\n',
        '[release]\ntargets = ["hf://"]\n',
        "[limits]\nmax_rejected = 1.0\n",
    ],
)
def test_the_digest_ignores_where_articles_lie_and_where_releases_go(read, text):
    assert read(HEAD + text).digest == read(HEAD).digest


@pytest.mark.parametrize(
    "text",
    [
        'title = "News"\n',
        '[input]\ncorrections = "apply"\n',
        '[input.fields]\ntext = "body"\n',
        "[clean]\nfurniture = false\n",
        "[clean]\nsource_lines = {min_share = 0.5}\n",
        "[dedup]\ndrop_at = 0.9\n",
        '[dedup]\nkeep = "all"\n',
        '[splits]\nsalt = "x"\n',
        '[splits]\ngrow = "all"\n',
        "[splits]\nratios = {validation = 0.05, train = 0.9, test = 0.05}\n",
        '[parquet]\nshard_bytes = "1MB"\n',
    ],
)
def test_the_digest_covers_what_the_content_depends_on(read, text):
    assert read(HEAD + text).digest != read(HEAD).digest


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('[splits]\ngrow = "all"\n', True),
        ('[dedup]\nkeep = "all"\n', True),
        ('title = "x"\n', True),
        ('[splits]\nsalt = "x"\n', False),
        ("[splits]\nratios = {train = 0.8, validation = 0.1, test = 0.1}\n", False),
        ("[dedup]\ngroup_at = 0.6\n", False),
        ("[dedup]\ndrop_at = 0.7\n", False),
        ('[splits]\nstrategy = "time"\n[splits.time]\ntest_from = 2024-07-01\n', False),
    ],
)
def test_a_lineage_is_salt_ratios_strategy_and_thresholds(read, text, same):
    assert (read(HEAD + text).lineage() == read(HEAD).lineage()) is same


def test_the_splits_of_a_strategy_have_names_and_an_order(read):
    timed = HEAD + "[splits]\nstrategy = 'time'\n[splits.time]\ntest_from = "
    assert read(HEAD).splits.names == ("train", "validation", "test")
    assert read(timed + "2024-07-01\n").splits.names == ("train", "test")
    assert read(timed + '"2024-07-01"\n').lineage() == read(timed + "2024-07-01\n").lineage()
    assert read(timed + "2024-07-02\n").lineage() != read(timed + "2024-07-01\n").lineage()
    sourced = (
        HEAD
        + "[splits]\nstrategy = 'source'\n[splits.source]\ntest = ['a.org', 'The Paper']\ndev = ['b.org']\n"
    )
    assert read(sourced).splits.names == ("train", "test", "dev")
    assert read(sourced).content()["splits"]["source"] == [
        ["test", ["a.org", "The Paper"]],
        ["dev", ["b.org"]],
    ]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("300MB", 300_000_000),
        ("1.5 GB", 1_500_000_000),
        ("64KiB", 65_536),
        ("2MiB", 2 * 1024**2),
        ("10000B", 10_000),
        ("1kB", 1000),
    ],
)
def test_sizes_are_read_in_both_systems_of_units(read, text, size):
    assert parse_size(text) == size
    assert read(f'{HEAD}[parquet]\nshard_bytes = "{text}"\n').shard_bytes == size


@pytest.mark.parametrize("text", ["", "MB", "300", "300mb", "-1MB", "1e3MB", "300 MB ", "1,5GB", "5XB"])
def test_what_is_not_a_size_is_refused(text):
    with pytest.raises(ValueError, match="size"):
        parse_size(text)


def test_a_recipe_of_its_defaults_needs_only_a_name(read):
    assert read(HEAD) == Recipe(dataset=read(HEAD).dataset)
