"""Attributes that are set on a class after it was mapped."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column

from ..mapping.interfaces import MapperProperty
from ..mapping.properties import ColumnProperty
from ..mapping.queryable import QueryableAttribute
from .constructs import scan_property, synonym_to
from .mapped_column import MappedColumn, UnmappedColumn, is_free, name_column
from .plan import Attribute, ClassPlan, mapper_of


def set_attribute(cls: Any, key: str, value: Any) -> None:
    """Set an attribute of a class, mapped when the value can be."""
    mapper = mapper_of(cls)
    if mapper is None:
        type.__setattr__(cls, key, value)
    elif isinstance(value, MappedColumn):
        _add_mapped_column(cls, mapper, key, value)
    elif isinstance(value, Column):
        name_column(value, key)
        _add_column(cls, value)
        mapper.add_property(key, value)
    elif isinstance(value, ColumnProperty):
        for column in value.columns:
            if isinstance(column, Column) and is_free(column):
                name_column(column, key)
                _add_column(cls, column)
        mapper.add_property(key, value)
    elif isinstance(value, MapperProperty):
        _add_property(cls, mapper, key, value)
    elif isinstance(value, QueryableAttribute) and value.key != key:
        mapper.add_property(key, synonym_to(value.key))
    else:
        type.__setattr__(cls, key, value)
        mapper._forget_memos()


def _add_column(cls: Any, column: Column[Any]) -> None:
    cls.__table__.append_column(column, replace_existing=True)


def _add_mapped_column(
    cls: Any, mapper: Any, key: str, value: MappedColumn[Any]
) -> None:
    plan = ClassPlan(mapper.registry, cls, {})
    value.declarative_scan(Attribute(plan, key))
    for column, _ in value.columns_to_assign:
        _add_column(cls, column)
    if isinstance(value, UnmappedColumn):
        return
    mapper.add_property(key, value.mapper_property_to_assign or value.column)


def _add_property(cls: Any, mapper: Any, key: str, value: Any) -> None:
    plan = ClassPlan(mapper.registry, cls, {})
    scan_property(value, Attribute(plan, key))
    mapper.add_property(key, value)


def delete_attribute(cls: Any, key: str) -> None:
    """Delete an attribute of a class, unless it is mapped.

    Raises:
        NotImplementedError: it is mapped.
    """
    mapper = mapper_of(cls)
    if mapper is not None and key in vars(cls) and key in mapper._props:
        raise NotImplementedError(
            "Can't un-map individual mapped attributes on a mapped class."
        )
    type.__delattr__(cls, key)
    if mapper is not None:
        mapper._forget_memos()


def add_mapped_attribute(target: type[Any], key: str, attr: Any) -> None:
    """Add an attribute to a mapped class.

    The same as setting it on a class that has a declarative base.

    Args:
        target: the class.
        key: the name of the attribute.
        attr: a relationship, column or other mapped construct.
    """
    set_attribute(target, key, attr)
