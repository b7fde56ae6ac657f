"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.hydration_py import (
    ColumnOutput,
    EntityPlan,
    JoinedPlan,
    LoadRun,
    PyOutput,
    hydrate,
)

__all__ = [
    "ColumnOutput",
    "EntityPlan",
    "JoinedPlan",
    "LoadRun",
    "PyOutput",
    "hydrate",
]
