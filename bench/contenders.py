"""The programs that are compared, and how a process learns which one it is."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from dataclasses import dataclass
from types import ModuleType

#: Module to take the ORM's names from, read by :func:`current_orm`.
ORM_VARIABLE = "BENCH_ORM"


@dataclass(frozen=True, slots=True)
class Contender:
    """One program under measurement.

    Args:
        name: The word used on the command line and in the JSON.
        title: The words used in tables and pictures.
        cases: Module with the operations of this contender.
        orm: Module to take ``Session``, ``relationship`` ... from, if it is an ORM.
        impl: Ormolu's kernel, as ``ORMOLU_IMPL`` names it.
    """

    name: str
    title: str
    cases: str
    orm: str = ""
    impl: str = ""

    @property
    def is_ormolu(self) -> bool:
        return self.orm == "ormolu"

    def environ(self) -> dict[str, str]:
        """Return the environment of this contender's process."""
        environ = dict(os.environ, PYTHONHASHSEED="0")
        environ.pop("ORMOLU_IMPL", None)
        environ.pop("PYTEST_ADDOPTS", None)
        if self.orm:
            environ[ORM_VARIABLE] = self.orm
        if self.impl:
            environ["ORMOLU_IMPL"] = self.impl
        return environ


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("driver", "driver", "bench.cases.driver"),
        Contender("dataclasses", "dataclasses", "bench.cases.dataclasses"),
        Contender("core", "Core", "bench.cases.core"),
        Contender("sqlalchemy", "sqlalchemy.orm", "bench.cases.orm", "sqlalchemy.orm"),
        Contender("ormolu-c", "Ormolu compiled", "bench.cases.orm", "ormolu", "cython"),
        Contender("ormolu-py", "Ormolu pure", "bench.cases.orm", "ormolu", "python"),
    )
}


def current_orm() -> ModuleType:
    """Import the ORM that this process measures."""
    return importlib.import_module(os.environ.get(ORM_VARIABLE, "ormolu"))


def why_unavailable(contender: Contender) -> str:
    """Say why a contender cannot run here; an empty string when it can.

    Tried in a fresh process, with the contender's own environment.
    """
    if not contender.orm:
        return ""
    code = f"import {contender.orm} as orm; print(getattr(orm, '__impl__', ''))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=contender.environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["No message."])[-1]
    if done.stdout.strip() != contender.impl:
        return f"Asked for the kernel {contender.impl!r}, got {done.stdout.strip()!r}."
    return ""
