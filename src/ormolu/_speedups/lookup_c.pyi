"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.lookup_py import layout_of, state_of, state_or_none

__all__ = ["layout_of", "state_of", "state_or_none"]
