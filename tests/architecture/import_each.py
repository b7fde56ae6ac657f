"""Imports each module named on the command line alone; a script, not a test.

A layer is imported below an empty stand-in for the ``ormolu`` package, because the
real one imports everything, in an order that would hide a cycle.  Each import
happens in a fork of this process, which has imported nothing of the package.
Prints one line for each module that failed.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import traceback
from types import ModuleType

import sqlalchemy  # noqa: F401  # once, before the forks: it takes most of the time

FOREIGN_ORM = "sqlalchemy.orm"


def import_alone(spec: str) -> None:
    """Import ``PATH|MODULE`` (below a stand-in) or ``|MODULE``; exit with a status."""
    path, _, module = spec.partition("|")
    try:
        if path:
            package = ModuleType("ormolu")
            package.__path__ = [path]
            sys.modules["ormolu"] = package
        importlib.import_module(module)
        if FOREIGN_ORM in sys.modules:
            raise ImportError(f"it imports {FOREIGN_ORM}")
    except BaseException as error:
        lines = traceback.format_exception_only(error)
        print(f"{module}: {lines[-1].strip()}", flush=True)


def main(specs: list[str]) -> None:
    """Import each in a process of its own."""
    if not hasattr(os, "fork"):
        for spec in specs:
            subprocess.run([sys.executable, __file__, "--one", spec], check=True)
        return
    for spec in specs:
        child = os.fork()
        if not child:
            import_alone(spec)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            print(f"{spec}: the interpreter died", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        import_alone(sys.argv[2])
    else:
        main(sys.argv[1:])
