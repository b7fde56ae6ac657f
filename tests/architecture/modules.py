"""The package's modules and their imports, read from the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ormolu

ROOT = "ormolu"
PACKAGE = Path(ormolu.__file__).parent
# shared libraries are modules too, but have no syntax tree
SOURCES = sorted(PACKAGE.rglob("*.py"))


@dataclass(frozen=True)
class Import:
    """One import of a module of ours by another one."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def module_name(path: Path) -> str:
    """The dotted name of a source file."""
    parts = [ROOT, *path.relative_to(PACKAGE).with_suffix("").parts]
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


MODULES = {module_name(path): path for path in SOURCES}


def imports_of(name: str) -> Iterator[Import]:
    """Every import of a module, at any depth, function-level ones included."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        for target in _targets(node, package):
            if (found := _module(target)) and found != name:
                yield Import(name, found, getattr(node, "lineno", 0))


def _targets(node: ast.AST, package: str) -> Iterator[str]:
    """The dotted names that a statement imports, whether modules or not."""
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            base = _resolve(module, level, package)
            yield from (f"{base}.{alias.name}" for alias in names)


def _resolve(module: str | None, level: int, package: str) -> str:
    if not level:
        return module or ""
    parts = package.split(".")
    base = ".".join(parts[: len(parts) - level + 1])
    return f"{base}.{module}" if module else base


def _module(target: str) -> str | None:
    """The module of ours that holds a dotted name."""
    if target.partition(".")[0] != ROOT:
        return None
    while target not in MODULES:
        target = target.rpartition(".")[0]
    return target
