"""The layers import only downward, and no cycle hides anywhere."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter

from tests.architecture.layers import (
    ALLOWED_FOREIGN_ORM,
    FACADES,
    LAYERS,
    layer_of,
    may_import,
)
from tests.architecture.modules import MODULES, imports_of


def test_every_module_is_in_the_table() -> None:
    unknown = {layer_of(name) for name in MODULES} - LAYERS.keys() - FACADES
    assert not unknown, f"not in tests/architecture/layers.py: {sorted(unknown)}"


def test_the_table_has_no_cycle() -> None:
    TopologicalSorter(
        {name: allowed - FACADES for name, allowed in LAYERS.items()}
    ).prepare()


def test_imports_go_downward() -> None:
    wrong = [
        str(found)
        for name in MODULES
        for found in imports_of(name)
        if not may_import(layer_of(found.importer), layer_of(found.imported))
    ]
    assert not wrong, "\n".join(["imports against the layer table:", *wrong])


def test_no_import_cycles_between_modules() -> None:
    graph = {name: {i.imported for i in imports_of(name)} for name in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = " -> ".join(reversed(error.args[1]))
        raise AssertionError(f"import cycle: {cycle}") from None


def test_no_source_imports_the_reference_orm() -> None:
    wrong = []
    for name, path in MODULES.items():
        if name.startswith(tuple(ALLOWED_FOREIGN_ORM)):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Import(names=names):
                    modules = [alias.name for alias in names]
                case ast.ImportFrom(module=str(module), level=0, names=names):
                    modules = [f"{module}.{alias.name}" for alias in names]
                case _:
                    continue
            wrong += [
                f"{name}:{node.lineno} imports {module}"
                for module in modules
                if f"{module}.".startswith(("sqlalchemy.orm.", "sqlalchemy.ext."))
            ]
    assert not wrong, "\n".join(wrong)
