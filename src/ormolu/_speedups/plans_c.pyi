"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.plans_py import ColumnOutput, EntityPlan, JoinedPlan, PyOutput

__all__ = ["ColumnOutput", "EntityPlan", "JoinedPlan", "PyOutput"]
