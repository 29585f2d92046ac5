"""A project: the folder that holds imprint.toml, schema/, dataset_card.md and data/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from imprint.errors import Place, UsageError
from imprint.recipe import Recipe
from imprint.recipe.reading import parse_recipe
from imprint.template import template

RECIPE = "imprint.toml"
SCHEMA = "schema/article.schema.json"
CARD = "dataset_card.md"
BUILD = "data/build"
TEMPLATE = (RECIPE, SCHEMA, CARD)
"""Files of a project that `imprint init` lays out."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project that was read."""

    root: Path
    recipe: Recipe
    schema: Mapping[str, Any]
    """The JSON Schema of a record."""
    card: str
    """dataset_card.md."""

    @property
    def inputs(self) -> list[Path]:
        """The input's folders and files."""
        return [self.root / path for path in self.recipe.input.paths]

    @property
    def outputs(self) -> list[Path]:
        """Folders that builds and releases go to: never an input, even below one."""
        return [self.build, *(self.root / target for target in self.recipe.targets if "://" not in target)]

    @property
    def build(self) -> Path:
        """The folder that builds go to."""
        return self.root / BUILD


def open_project(root: Path) -> Project:
    """Read a project.

    Raises:
        UsageError: a file of it is missing or broken.
    """
    recipe = read_recipe(root)
    schema_path = root / SCHEMA
    return Project(root, recipe, read_json(schema_path, SCHEMA), _read(root, CARD))


def read_recipe(root: Path) -> Recipe:
    """The recipe of the project in a folder.

    Raises:
        UsageError: there is none, or it is broken.
    """
    text = _read(root, RECIPE)
    schema = orjson.loads(template("schema/recipe.schema.json").read_bytes())
    return parse_recipe(text, schema)


def read_json(path: Path, name: str) -> Mapping[str, Any]:
    """A JSON object from a file.

    Raises:
        UsageError: the file is missing, or holds something else.
    """
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise _missing(path, name) from error
    except orjson.JSONDecodeError as error:
        row = error.doc.count("\n", 0, error.pos) + 1 if isinstance(error.doc, str) else None
        raise UsageError(f"this is not JSON: {error.msg}", place=Place(name, row)) from error
    if not isinstance(document, dict):
        raise UsageError("this is not a JSON object", place=Place(name))
    return document


def _read(root: Path, name: str) -> str:
    """A text file of a project, whatever editor saved it: without a byte order mark, with LF line ends."""
    try:
        return (root / name).read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise _missing(root / name, name) from error
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} of the file is not UTF-8"
        raise UsageError(message, place=Place(name), hint="save it as UTF-8") from error


def _missing(path: Path, name: str) -> UsageError:
    root = str(path)[: -len(name)] or "."
    return UsageError(
        f"{name} is missing",
        place=Place(root),
        hint="call imprint in a project's folder or with --project; `imprint init DIR` lays one out",
    )
