# cython: language_level=3, freethreading_compatible=False
"""From rows to objects, for the layers above from one place; the compiled twin.

The twin in Python is ``hydration_py``.
"""

from ormolu._speedups.load_run_c import LoadRun, hydrate
from ormolu._speedups.plans_c import ColumnOutput, EntityPlan, JoinedPlan, PyOutput

__all__ = [
    "ColumnOutput",
    "EntityPlan",
    "JoinedPlan",
    "LoadRun",
    "PyOutput",
    "hydrate",
]
