"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.finding_py import quick_find

__all__ = ["quick_find"]
