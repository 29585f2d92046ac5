"""Init: one template for the checkout and for the wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

import imprint
from imprint.errors import ConflictError, UsageError
from imprint.project import open_project
from imprint.recipe import Dataset, Recipe
from tests.conftest import CHECKOUT, tree


def test_a_new_project_is_the_checkout_s_own(tmp_path: Path) -> None:
    imprint.init(tmp_path / "new")
    for name, data in tree(tmp_path / "new").items():
        assert data == (CHECKOUT / name).read_bytes()
    assert (tmp_path / "new/data/raw").is_dir()


def test_the_printed_recipe_holds_the_defaults(tmp_path: Path) -> None:
    imprint.init(tmp_path)
    assert open_project(tmp_path).recipe == Recipe(Dataset("acme/newswire"))


def test_the_name_is_written_into_the_recipe(tmp_path: Path) -> None:
    assert imprint.init(tmp_path / "new", name="river/letters").name == "river/letters"
    assert open_project(tmp_path / "new").recipe.dataset.name == "river/letters"


def test_a_standing_project_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "imprint.toml").write_text("mine")
    with pytest.raises(ConflictError, match=r"imprint\.toml"):
        imprint.init(tmp_path)
    assert tree(tmp_path) == {"imprint.toml": b"mine"}


@pytest.mark.parametrize("name", ["nonamespace", "a/b/c", 'quo"te/x', "sp ace/x", "/x", "x/"])
def test_a_name_that_is_none_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"dataset\.name"):
        imprint.init(tmp_path / "new", name=name)
    assert tree(tmp_path) == {}


def test_a_folder_that_cannot_be_made_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(imprint.errors.TransferError, match="cannot be written"):  # type: ignore[attr-defined]
        imprint.init(tmp_path / "file/project")
