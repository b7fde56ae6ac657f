"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.load_run_py import LoadRun, hydrate

__all__ = ["LoadRun", "hydrate"]
