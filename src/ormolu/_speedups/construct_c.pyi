"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.construct_py import begin, construct, constructor, quicken_init

__all__ = ["begin", "construct", "constructor", "quicken_init"]
