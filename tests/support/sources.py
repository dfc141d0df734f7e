"""The product's own sources, parsed once, for the tests that read them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, eq=False)
class Source:
    """One file: where it is, its lines, its syntax tree."""

    path: Path
    lines: tuple[str, ...]
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path as the exemptions write it: ``app/store/door.py``."""
        return self.path.relative_to(ROOT).as_posix()

    def line(self, node: ast.AST) -> str:
        return self.lines[getattr(node, "lineno", 1) - 1]

    def is_under(self, *folders: str) -> bool:
        return any(self.name == folder or self.name.startswith(f"{folder}/") for folder in folders)


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the product, with the two files that start it."""
    files = [*sorted((ROOT / "app").rglob("*.py")), ROOT / "run.py", ROOT / "config.py"]
    return tuple(_read(path) for path in files if path.is_file())


def _read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path, tuple(text.splitlines()) or ("",), ast.parse(text, str(path)))


def called_name(call: ast.Call) -> str:
    """The last name of what is called: ``get`` of ``db.session.get(…)``."""
    target = call.func
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def receiver_name(call: ast.Call) -> str:
    """The name right before the last dot: ``session`` of ``db.session.get(…)``; else empty."""
    if not isinstance(call.func, ast.Attribute):
        return ""
    target = call.func.value
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))


def docstrings(tree: ast.AST) -> set[int]:
    """The ids of the nodes that are documentation: text for readers, no program."""
    found = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                found.add(id(statement.value))
    return found


def imported_from(source: Source, module: str) -> set[str]:
    """The names a file takes from a module, as it calls them."""
    return {
        alias.asname or alias.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == module
        for alias in node.names
    }
