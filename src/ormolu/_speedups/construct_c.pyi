"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.construct_py import construct, constructor, quicken_init

__all__ = ["construct", "constructor", "quicken_init"]
