"""From rows to objects, for the layers above from one place; the twin in Python.

The compiled twin is ``hydration_c``.
"""

from __future__ import annotations

from ormolu._speedups.load_run_py import LoadRun, hydrate
from ormolu._speedups.plans_py import ColumnOutput, EntityPlan, JoinedPlan, PyOutput

__all__ = [
    "ColumnOutput",
    "EntityPlan",
    "JoinedPlan",
    "LoadRun",
    "PyOutput",
    "hydrate",
]
