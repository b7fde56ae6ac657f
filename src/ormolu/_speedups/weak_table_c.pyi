"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.weak_table_py import WeakTable

__all__ = ["WeakTable"]
