"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.gather_py import (
    changed,
    changed_alike,
    gather,
    gather_one,
    shape_rows,
)

__all__ = ["changed", "changed_alike", "gather", "gather_one", "shape_rows"]
