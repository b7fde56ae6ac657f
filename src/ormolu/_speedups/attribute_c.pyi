"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.attribute_py import Attribute

__all__ = ["Attribute"]
