"""A build in place, repeated after a change, leaves nothing stale."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.building import environment, has_compiler

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("packaging"),
    pytest.mark.skipif(not has_compiler(), reason="no C compiler"),
]

DECLARATION = "cdef class Thing:\n    cdef public int {}\n"
OWNER = "cdef class Thing:\n    pass\n"
USER = "from ormolu._speedups.state_c cimport Thing\ndef read(Thing t): return t.x\n"
READ = """
import sys, types
package = types.ModuleType("ormolu._speedups")
package.__path__ = ["src/ormolu/_speedups"]
sys.modules.update({"ormolu": types.ModuleType("ormolu"), package.__name__: package})
from ormolu._speedups import gather_c, state_c
thing = state_c.Thing()
thing.x = 3
print(gather_c.read(thing))
"""


def test_a_changed_declaration_rebuilds_the_module_it_declares(tree: Path) -> None:
    _replace_kernel(tree)
    declaration = tree / "src/ormolu/_speedups/state_c.pxd"
    for members in ("x", "y, x"):
        declaration.write_text(DECLARATION.format(members))
        # in the future, whatever the file system's resolution
        later = declaration.stat().st_mtime + len(members)
        os.utime(declaration, (later, later))
        _python(tree, "setup.py", "--quiet", "build_ext", "--inplace")
        assert _python(tree, "-c", READ) == "3\n"


def _replace_kernel(tree: Path) -> None:
    """Two small modules, of which one uses the other's type."""
    for pattern in ("src/_speedups/*.pyx", "src/ormolu/_speedups/*.pxd"):
        for path in tree.glob(pattern):
            path.unlink()
    (tree / "src/_speedups").mkdir(exist_ok=True)
    (tree / "src/_speedups/state_c.pyx").write_text(OWNER)
    (tree / "src/_speedups/gather_c.pyx").write_text(USER)


def _python(tree: Path, *arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env=environment(ORMOLU_REQUIRE_EXT="1", ORMOLU_DEBUG_BUILD="1"),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
