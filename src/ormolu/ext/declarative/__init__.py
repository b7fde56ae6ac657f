"""Declarative classes that are mapped later, or to more than one table.

`ConcreteBase` and `AbstractConcreteBase` select from all tables of a concrete
hierarchy; `DeferredReflection` maps classes when their tables can be reflected.  The
other names moved to ``ormolu``, and warn of it.

Source: ``sqlalchemy.ext.declarative``.
"""

from __future__ import annotations

from ... import DeclarativeMeta, declared_attr
from .concrete import AbstractConcreteBase, ConcreteBase
from .moved import as_declarative, declarative_base, has_inherited_table, synonym_for
from .reflection import DeferredReflection

__all__ = [
    "AbstractConcreteBase",
    "ConcreteBase",
    "DeclarativeMeta",
    "DeferredReflection",
    "as_declarative",
    "declarative_base",
    "declared_attr",
    "has_inherited_table",
    "synonym_for",
]
