"""``ormolu.__all__`` is what there is, and is named as in the reference API."""

from __future__ import annotations

import json
import subprocess
import sys
from types import ModuleType

import ormolu

# Public names that the reference API does not have.
OWN_NAMES = {"Entity", "speedups_status"}


def _public(name: str) -> bool:
    return not name.startswith("_") or name in {"__version__", "__impl__"}


def test_all_is_complete() -> None:
    there = {
        name
        for name, value in vars(ormolu).items()
        if _public(name) and not isinstance(value, ModuleType)
    } - {"annotations", "TYPE_CHECKING"}
    modules = {
        name for name in ormolu.__all__ if isinstance(getattr(ormolu, name), ModuleType)
    }
    assert {n for n in ormolu.__all__ if _public(n)} - modules == there


def test_all_has_no_duplicates() -> None:
    assert len(ormolu.__all__) == len(set(ormolu.__all__))


def test_names_are_those_of_the_reference_api() -> None:
    code = "import json, sqlalchemy.orm as orm; print(json.dumps(dir(orm)))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    ours = {name for name in ormolu.__all__ if not name.startswith("__")}
    assert ours - set(json.loads(run.stdout)) <= OWN_NAMES
