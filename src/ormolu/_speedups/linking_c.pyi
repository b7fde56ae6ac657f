"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.linking_py import Link, Side

__all__ = ["Link", "Side"]
