"""What ``sqlalchemy.orm`` does in the same programs.

``python -m tests.faults.reference`` writes it to standard output, as JSON; a process of
its own, because no other test may find ``sqlalchemy.orm`` imported.
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.faults.listeners import Program
from tests.faults.models import MODES, Models, build
from tests.faults.world import World, new_database


class Runner:
    """Runs programs, each on a copy of a database file.

    Args:
        orm: ``ormolu`` or ``sqlalchemy.orm``.
    """

    def __init__(self, orm: Any, models: Models, folder: Path) -> None:
        self.orm = orm
        self.models = models
        self.folder = folder
        self.template = new_database(folder / "template.db")
        self.count = 0

    def run(self, program: Program, **options: Any) -> list[str]:
        """The log of one program."""
        self.count += 1
        path = self.folder / f"{self.count}.db"
        shutil.copy(self.template, path)
        try:
            return World(self.orm, self.models, path, **options).run(program)
        finally:
            path.unlink()


def fast_folder() -> str | None:
    """Where files are in memory, so that commits need not wait for a disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def main(module: str, name: str) -> None:
    """Write the logs of a module's programs.

    Args:
        name: of the dict of programs.
    """
    orm = importlib.import_module("sqlalchemy.orm")
    programs = getattr(importlib.import_module(module), name)
    gc.freeze()
    logging.disable()
    logs: dict[str, dict[str, list[str]]] = {}
    for mode in MODES:
        with tempfile.TemporaryDirectory(dir=fast_folder()) as folder:
            runner = Runner(orm, build(orm, mode), Path(folder))
            logs[mode] = {name: runner.run(p) for name, p in programs.items()}
    json.dump(logs, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
