"""Init: lay out a project."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imprint.errors import ConflictError, Place, TransferError, UsageError
from imprint.project import RECIPE, TEMPLATE, read_recipe
from imprint.template import template

INPUT = "data/raw"
TEMPLATE_NAME = "acme/newswire"
"""The dataset's name in the template."""


@dataclass(frozen=True, slots=True)
class InitResult:
    """What was laid out."""

    folder: str
    name: str
    """namespace/name of the dataset."""
    files: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        return {"folder": self.folder, "name": self.name, "files": list(self.files)}


def init(folder: str | Path, *, name: str | None = None) -> InitResult:
    """Lay out a project in a folder, which may exist; files of a project that it holds are never overwritten.

    Args:
        folder: where to.
        name: namespace/name of the dataset; by default that of the template.

    Raises:
        ConflictError: a file of a project stands there already.
        UsageError: the name is none.
        TransferError: the folder cannot be written.
    """
    root = Path(folder)
    standing = [file for file in TEMPLATE if (root / file).exists()]
    if standing:
        raise ConflictError(
            f"this is a project already: {', '.join(standing)}",
            place=Place(str(root)),
            hint="choose another folder; nothing was written",
        )
    recipe = template(RECIPE).read_text(encoding="utf-8")
    if name is not None:
        recipe = recipe.replace(f'"{TEMPLATE_NAME}"', _quoted(name), 1)
    try:
        for file in TEMPLATE:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(template(file), root / file)
        (root / RECIPE).write_text(recipe, encoding="utf-8")
        (root / INPUT).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TransferError(f"the project cannot be written: {error}", place=Place(str(root))) from error
    try:
        laid_out = read_recipe(root)
    except UsageError:
        for file in TEMPLATE:
            (root / file).unlink()
        raise
    return InitResult(str(root), laid_out.dataset.name, (*TEMPLATE, f"{INPUT}/"))


def _quoted(name: str) -> str:
    """A TOML basic string."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
