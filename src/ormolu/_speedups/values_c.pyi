"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.values_py import drop, loaded, peek, peek_key, put

__all__ = ["drop", "loaded", "peek", "peek_key", "put"]
