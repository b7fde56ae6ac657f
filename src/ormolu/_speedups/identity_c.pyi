"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.identity_py import IdentityDict, Tracker

__all__ = ["IdentityDict", "Tracker"]
