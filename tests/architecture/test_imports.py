"""Each module can be imported alone, and none brings in the reference ORM."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.architecture.layers import ALLOWED_FOREIGN_ORM, LAYERS, layer_of
from tests.architecture.modules import MODULES, PACKAGE

SCRIPT = Path(__file__).with_name("import_each.py")
NEVER_IMPORTED = {"ormolu.__main__"}


def _specs() -> list[str]:
    """Layers below a stand-in for the package; what needs its names as it is."""
    whole = {"ext"}
    return [
        f"{PACKAGE if layer_of(name) in LAYERS.keys() - whole else ''}|{name}"
        for name in MODULES
        if name not in NEVER_IMPORTED
        if not name.startswith(tuple(ALLOWED_FOREIGN_ORM))
    ]


def test_each_module_imports_alone_and_without_the_reference_orm() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), *_specs()],
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout) == (0, ""), run.stdout + run.stderr


def test_the_whole_package_does_not_load_the_reference_orm() -> None:
    names = [
        name
        for name in MODULES
        if name not in NEVER_IMPORTED
        if not name.startswith(tuple(ALLOWED_FOREIGN_ORM))
    ]
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "assert 'sqlalchemy.orm' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
