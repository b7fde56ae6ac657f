"""The kernel's modules use only those before them, compiled or in Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ormolu._speedups._choose import KERNELS
from tests.architecture.modules import PACKAGE

SOURCES = [PACKAGE / "_speedups", PACKAGE.parent / "_speedups"]
IMPORT = re.compile(r"^from ormolu\._speedups\.(\w+)_(?:c|py) c?import ", re.MULTILINE)


def _sources(name: str) -> Iterator[Path]:
    for file in (f"{name}_py.py", f"{name}_c.pxd", f"{name}_c.pyx"):
        yield from (folder / file for folder in SOURCES if (folder / file).exists())


@pytest.mark.parametrize("name", KERNELS)
def test_a_module_of_the_kernel_uses_only_those_before_it(name: str) -> None:
    before = {*KERNELS[: KERNELS.index(name)]}
    wrong = [
        f"{path.name} uses {used}"
        for path in _sources(name)
        for used in IMPORT.findall(path.read_text("utf-8"))
        if used not in before and used != name
    ]
    assert not wrong, "\n".join(wrong)


def test_what_is_put_together_is_for_the_layers_above_only() -> None:
    wrong = [
        f"{path.name} uses {used}"
        for name in KERNELS
        for path in _sources(name)
        for used in IMPORT.findall(path.read_text("utf-8"))
        if used in ("state", "hydration")
    ]
    assert not wrong, "\n".join(wrong)
