"""The house: no arrow upwards, no circle, rooms that fit in the head."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "builder/imprint"

FLOORS = (
    {"cli", "__main__"},
    {"verbs"},
    {"building"},
    {"project"},
    {"card"},
    {"targets"},
    {"releases"},
    {"sources", "cleaning", "validation", "dedup", "splits"},
    {"article", "recipe", "findings", "digests", "errors", "placing", "progress", "template"},
    {"engine"},
)
"""Rooms from the roof down; a room may use those beside and below it."""

ALLOWED_UPWARDS = {("engine", "errors")}
"""The engine raises the project's errors; it knows nothing else of the nouns above it."""

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "_data" not in path.parts)


def room(module: str) -> str:
    """The room of a dotted module name below the package."""
    return module.split(".")[1] if "." in module else "__init__"


def floor(name: str) -> int:
    """Floor of a room, counted from the roof."""
    return next(index for index, rooms in enumerate(FLOORS) if name in rooms)


def dotted(path: Path) -> str:
    """Module name of a file."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, typing_only: bool = True) -> Iterator[str]:
    """Modules of the package that a file imports."""
    tree = ast.parse(path.read_text())
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in guarded and not typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("imprint"))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("imprint"):
            below = PACKAGE.parent / node.module.replace(".", "/")
            for alias in node.names:
                is_module = (below / f"{alias.name}.py").exists() or (below / alias.name).is_dir()
                yield f"{node.module}.{alias.name}" if is_module else node.module


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_no_import_points_upwards(path: Path) -> None:
    here = room(dotted(path))
    if here == "__init__":
        return
    for module in imports(path):
        there = room(module)
        if there == "__init__" or (here, there) in ALLOWED_UPWARDS:
            continue
        assert floor(there) >= floor(here), f"{dotted(path)} imports {module}, which stands above it"


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {dotted(path): set(imports(path, typing_only=False)) - {dotted(path)} for path in MODULES}
    graph.pop("imprint")
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join([*way, module])
        if module in done or module not in graph:
            return
        for other in sorted(graph[module]):
            visit(other, (*way, module))
        done.add(module)

    for module in sorted(graph):
        visit(module, ())


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_file_has_at_most_300_lines_and_a_function_60(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno + 1 <= 60, node.name


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_opens_with_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_no_room_is_called_utils() -> None:
    assert not {path.stem for path in MODULES} & {"utils", "helpers", "common", "misc"}


def test_an_implementation_imports_its_base_and_not_the_family_s_face() -> None:
    for path in MODULES:
        family = path.parent.name
        if family in {"sources", "targets", "engine"} and path.stem not in {"__init__", "base"}:
            assert f"imprint.{family}" not in set(imports(path)), (
                f"{dotted(path)} imports its own family's face"
            )
